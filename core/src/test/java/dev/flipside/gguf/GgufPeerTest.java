package dev.flipside.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Headers against the verdicts of llama.cpp's own test of its reader (tests/test-gguf.cpp, commit 03f94f1), and
 * metadata that gguf-py wrote ({@code gguf/make_metadata.py}).
 */
class GgufPeerTest {
    private static final int ALIGNMENT = 32;

    @TempDir
    Path temp;

    /** The faults of test-gguf.cpp by their names there, and what its reader says of them. */
    private enum Case {
        HEADER_BAD_MAGIC(false),
        HEADER_BAD_VERSION_0(false),
        HEADER_BAD_VERSION_1(false),
        HEADER_BAD_VERSION_FUTURE(false),
        HEADER_BAD_N_TENSORS(false),
        HEADER_BAD_N_KV(false),
        HEADER_EMPTY(true),
        KV_BAD_KEY_SIZE(false),
        KV_EMPTY_KEY(false),
        KV_BAD_TYPE(false),
        KV_DUPLICATE_KEY(false),
        KV_BAD_ALIGN(false),
        KV_WRONG_TYPE_ALIGN(false),
        KV_SUCCESS(true),
        /**
         * Names of 64 bytes and more are refused there because tensors hold them in a fixed field; here only known
         * names go further.
         */
        TENSORS_BAD_NAME_SIZE(true),
        TENSORS_BAD_N_DIMS(false),
        TENSORS_BAD_SHAPE(false),
        TENSORS_ZERO_DIM(true),
        TENSORS_NE_TOO_BIG(false),
        TENSORS_NBYTES_TOO_BIG(false),
        TENSORS_BAD_TYPE(false),
        TENSORS_BAD_OFFSET(false),
        TENSORS_DUPLICATE_NAME(false),
        TENSORS_BAD_ALIGN(false),
        TENSORS_INCONSISTENT_ALIGN(false),
        TENSORS_SUCCESS(true),
        TENSORS_CUSTOM_ALIGN(true),
        DATA_NOT_ENOUGH_DATA(false),
        DATA_BAD_ALIGN(false),
        DATA_INCONSISTENT_ALIGN(false),
        DATA_MEM_SIZE_OVERFLOW(false),
        DATA_SUCCESS(true),
        DATA_CUSTOM_ALIGN(true);

        private final boolean accepted;

        Case(boolean accepted) {
            this.accepted = accepted;
        }

        boolean is(Case... others) {
            return List.of(others).contains(this);
        }
    }

    private record Tensor(String name, int type, long... shape) {}

    private static final List<Tensor> TENSORS = List.of(
            new Tensor("my_tensor_0", 0, 5),
            new Tensor("my_tensor_1", 8, 64, 3),
            new Tensor("my_tensor_2", 1, 3, 2, 2),
            new Tensor("my_tensor_3", 12, 256, 1, 1, 2),
            new Tensor("my_tensor_4", 30, 16));

    @ParameterizedTest
    @EnumSource(Case.class)
    void verdictsAreThoseOfLlamaCpp(Case which) throws IOException {
        Path file = Files.write(temp.resolve("case.gguf"), bytes(which));
        if (!which.accepted) {
            assertThatThrownBy(() -> GgufFile.read(file))
                    .isInstanceOf(UserError.class)
                    .hasMessageStartingWith(file.toString());
            return;
        }
        GgufFile header = GgufFile.read(file);
        assertThat(header.metadata().keys()).hasSize(which == Case.HEADER_EMPTY ? 0 : pairs(which));
        if (which.is(Case.TENSORS_SUCCESS, Case.TENSORS_CUSTOM_ALIGN, Case.DATA_SUCCESS, Case.DATA_CUSTOM_ALIGN)) {
            assertThat(header.tensors()).hasSameSizeAs(TENSORS);
            assertThat(header.tensors().get(3).shape()).containsExactly(2L, 1L, 1L, 256L);
            assertThat(header.tensors().get(1).bytes()).isEqualTo(204);
        }
    }

    private static boolean alignmentNamed(Case which) {
        return which.is(
                Case.KV_BAD_ALIGN,
                Case.KV_WRONG_TYPE_ALIGN,
                Case.TENSORS_BAD_ALIGN,
                Case.TENSORS_CUSTOM_ALIGN,
                Case.DATA_BAD_ALIGN,
                Case.DATA_CUSTOM_ALIGN);
    }

    private static int pairs(Case which) {
        return alignmentNamed(which) ? 4 : 3;
    }

    private static byte[] bytes(Case which) {
        Output out = new Output();
        out.bytes(which == Case.HEADER_BAD_MAGIC ? "FUGG" : "GGUF");
        out.int32(
                which == Case.HEADER_BAD_VERSION_0
                        ? 0
                        : which == Case.HEADER_BAD_VERSION_1 ? 1 : which == Case.HEADER_BAD_VERSION_FUTURE ? 4 : 3);
        boolean hasTensors = which.ordinal() > Case.KV_SUCCESS.ordinal();
        boolean hasPairs = which.ordinal() > Case.HEADER_EMPTY.ordinal();
        List<Tensor> tensors = hasTensors ? TENSORS : List.of();
        if (which == Case.DATA_MEM_SIZE_OVERFLOW) {
            tensors = List.of(
                    new Tensor("my_tensor_0", 0, 0x7FFFFFFFFFFFFFC0L),
                    new Tensor("my_tensor_1", 0, 0x7FFFFFFFFFFFFFC0L));
        }
        out.int64(which == Case.HEADER_BAD_N_TENSORS ? -1 : tensors.size());
        out.int64(which == Case.HEADER_BAD_N_KV ? -1 : hasPairs ? pairs(which) : 0);
        if (hasPairs) {
            keysAndValues(which, out);
        }
        long alignment = which.is(Case.TENSORS_CUSTOM_ALIGN, Case.DATA_CUSTOM_ALIGN) ? 1 : ALIGNMENT;
        long size = descriptions(which, tensors, alignment, out);
        out.pad(alignment);
        // The reader here looks whether the file holds what its header promises, in whatever it is asked for.
        boolean enough = which != Case.DATA_NOT_ENOUGH_DATA && which != Case.DATA_MEM_SIZE_OVERFLOW;
        out.zeros(enough ? size : Math.max(0, size - 1));
        return out.bytes();
    }

    private static void keysAndValues(Case which, Output out) {
        for (int i = 0; i < 3; i++) {
            String key = which == Case.KV_EMPTY_KEY ? "" : "my_key_" + (which == Case.KV_DUPLICATE_KEY ? i / 2 : i);
            out.int64(which == Case.KV_BAD_KEY_SIZE ? -1 : key.length());
            out.bytes(key);
            out.int32(which == Case.KV_BAD_TYPE ? 13 : 4);
            out.int32(i);
        }
        if (alignmentNamed(which)) {
            out.text("general.alignment");
            out.int32(which == Case.KV_WRONG_TYPE_ALIGN ? 5 : 4);
            out.int32(which.is(Case.TENSORS_CUSTOM_ALIGN, Case.DATA_CUSTOM_ALIGN) ? 1 : 13);
        }
    }

    /** @return the bytes of all tensors */
    private static long descriptions(Case which, List<Tensor> tensors, long alignment, Output out) {
        long written = which.is(Case.TENSORS_INCONSISTENT_ALIGN, Case.DATA_INCONSISTENT_ALIGN) ? 1 : alignment;
        long offset = 0;
        for (Tensor tensor : tensors) {
            String name = which == Case.TENSORS_DUPLICATE_NAME
                    ? "my_tensor"
                    : which == Case.TENSORS_BAD_NAME_SIZE ? tensor.name + "x".repeat(70) : tensor.name;
            out.text(name);
            long[] shape = tensor.shape.clone();
            if (which == Case.TENSORS_ZERO_DIM) {
                shape = new long[] {shape[0], 0};
            } else if (which == Case.TENSORS_NE_TOO_BIG) {
                shape = new long[] {4L * Integer.MAX_VALUE, 4L * Integer.MAX_VALUE};
            } else if (which == Case.TENSORS_NBYTES_TOO_BIG) {
                shape = new long[] {1L << 31, 1L << 31};
            } else if (which == Case.TENSORS_BAD_SHAPE) {
                Arrays.fill(shape, -1);
            }
            out.int32(which == Case.TENSORS_BAD_N_DIMS ? 5 : shape.length);
            for (long dimension : shape) {
                out.int64(dimension);
            }
            out.int32(which == Case.TENSORS_BAD_TYPE ? 99 : tensor.type);
            out.int64(which == Case.TENSORS_BAD_OFFSET ? -1 : offset);
            long elements = 1;
            for (long dimension : shape) {
                elements *= dimension;
            }
            long bytes = BlockType.of(tensor.type).orElseThrow().bytes(elements);
            offset += bytes < 0 || bytes > 1 << 20 ? 0 : (bytes + written - 1) / written * written;
        }
        return offset;
    }

    /** Every type of value, lists of them, and an alignment of its own. */
    @Test
    void metadataOfGgufPyIsRead() {
        GgufFile header = GgufFile.read(GgufFixtures.file("metadata.gguf"));
        JsonNode wanted = GgufFixtures.json("metadata.json");
        assertThat(header.metadata().keys()).hasSize(wanted.size());
        wanted.properties().forEach(pair -> {
            Object found = header.metadata().raw(pair.getKey()).orElseThrow();
            JsonNode node = GgufFixtures.JSON.valueToTree(found);
            assertThat(node.toString())
                    .as(pair.getKey())
                    .isEqualTo(pair.getValue().toString());
        });
        assertThat(header.tensors()).hasSize(2);
        assertThat(header.tensors().get(1).begin() % 128).isZero();
        float[] numbers = new float[3];
        try (TensorReader reader = new TensorReader(header.tensors().get(1).file())) {
            reader.read(header.tensors().get(1), 0, 3, numbers);
        }
        assertThat(numbers).containsExactly(1.5f, -2, 0.25f);
    }

    @Test
    void filesOfTheOtherByteOrderAreToldApart() {
        assertThatThrownBy(() -> GgufFile.read(GgufFixtures.file("big-endian.gguf")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("big-endian");
    }

    private static final class Output {
        private final List<byte[]> parts = new ArrayList<>();
        private int size;

        private void add(int bytes, Consumer<ByteBuffer> put) {
            ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            put.accept(buffer);
            parts.add(buffer.array());
            size += bytes;
        }

        void int32(int value) {
            add(Integer.BYTES, b -> b.putInt(value));
        }

        void int64(long value) {
            add(Long.BYTES, b -> b.putLong(value));
        }

        void bytes(String ascii) {
            add(ascii.length(), b -> b.put(ascii.getBytes(StandardCharsets.US_ASCII)));
        }

        void text(String ascii) {
            int64(ascii.length());
            bytes(ascii);
        }

        void zeros(long count) {
            add(Math.toIntExact(count), b -> {});
        }

        void pad(long alignment) {
            zeros((alignment - size % alignment) % alignment);
        }

        byte[] bytes() {
            ByteBuffer all = ByteBuffer.allocate(size);
            parts.forEach(all::put);
            return all.array();
        }
    }
}
