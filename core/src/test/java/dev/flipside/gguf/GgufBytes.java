package dev.flipside.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds small GGUF files, right or wrong, for the tests of the reader. */
final class GgufBytes {
    private record Entry(String name, List<Long> dimensions, int type, long offset) {}

    private int version = 3;
    private Long tensorCount;
    private Long pairCount;
    private final Map<String, Object> pairs = new LinkedHashMap<>();
    private final List<Entry> tensors = new ArrayList<>();
    private int data;
    private float[] last = {};

    /** A llama of one block, hidden size 32, two heads, 8 tokens, all weights zero. */
    static GgufBytes llama() {
        return llama(32);
    }

    /** A llama with heads of a size, whose file ends with RoPE factors. */
    static GgufBytes llamaWithFactors(int headSize, float[] factors) {
        GgufBytes file = llama(2 * headSize).tensor("rope_freqs.weight", 0, (long) factors.length);
        file.last = factors.clone();
        return file;
    }

    private static GgufBytes llama(long width) {
        GgufBytes file = new GgufBytes()
                .pair("general.architecture", "llama")
                .pair("llama.block_count", 1)
                .pair("llama.context_length", 64)
                .pair("llama.embedding_length", (int) width)
                .pair("llama.feed_forward_length", 32)
                .pair("llama.attention.head_count", 2)
                .pair("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .pair("tokenizer.ggml.model", "gpt2")
                .pair("tokenizer.ggml.pre", "gpt-2")
                .pair("tokenizer.ggml.tokens", List.of("a", "b", "c", "ab", "abc", "<s>", "</s>", "d"))
                .pair("tokenizer.ggml.token_type", List.of(1, 1, 1, 1, 1, 3, 3, 1))
                .pair("tokenizer.ggml.merges", List.of("a b", "ab c"))
                .pair("tokenizer.ggml.bos_token_id", 5)
                .pair("tokenizer.ggml.eos_token_id", 6)
                .tensor("token_embd.weight", 0, width, 8L)
                .tensor("output_norm.weight", 0, width);
        for (String norm : List.of("attn_norm", "ffn_norm")) {
            file.tensor("blk.0." + norm + ".weight", 0, width);
        }
        for (String map : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
            file.tensor("blk.0." + map + ".weight", 0, width, width);
        }
        file.tensor("blk.0.ffn_gate.weight", 0, width, 32L).tensor("blk.0.ffn_up.weight", 0, width, 32L);
        file.tensor("blk.0.ffn_down.weight", 0, 32L, width);
        return file;
    }

    GgufBytes version(int other) {
        version = other;
        return this;
    }

    GgufBytes counts(long tensorsClaimed, long pairsClaimed) {
        tensorCount = tensorsClaimed;
        pairCount = pairsClaimed;
        return this;
    }

    /** @param value an Integer (uint32), Float, Boolean, String, or a list of Integers, Floats or Strings */
    GgufBytes pair(String key, Object value) {
        pairs.put(key, value);
        return this;
    }

    GgufBytes without(String keyOrTensor) {
        pairs.remove(keyOrTensor);
        List<Entry> others = new ArrayList<>(tensors);
        if (others.removeIf(t -> t.name.equals(keyOrTensor))) {
            tensors.clear();
            data = 0;
            others.forEach(t -> tensor(t.name, t.type, t.dimensions.toArray(Long[]::new)));
        }
        return this;
    }

    /**
     * A tensor of zeros after the ones before, with room for numbers of four bytes; dimensions in GGUF's order, the
     * fastest first.
     */
    GgufBytes tensor(String name, int type, Long... dimensions) {
        long elements = List.of(dimensions).stream().reduce(1L, (a, b) -> a * b);
        int bytes = (int) (elements * 4);
        tensors.add(new Entry(name, List.of(dimensions), type, data));
        data += (bytes + 31) / 32 * 32;
        return this;
    }

    /** The description of a tensor without room for it. */
    GgufBytes entry(String name, int type, long offset, Long... dimensions) {
        tensors.add(new Entry(name, List.of(dimensions), type, offset));
        return this;
    }

    Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    byte[] bytes() {
        Output out = new Output();
        out.int32(0x46554747);
        out.int32(version);
        out.int64(tensorCount == null ? tensors.size() : tensorCount);
        out.int64(pairCount == null ? pairs.size() : pairCount);
        pairs.forEach((key, value) -> {
            out.string(key);
            out.typed(value);
        });
        for (Entry tensor : tensors) {
            out.string(tensor.name);
            out.int32(tensor.dimensions.size());
            tensor.dimensions.forEach(out::int64);
            out.int32(tensor.type);
            out.int64(tensor.offset);
        }
        out.bytes.writeBytes(new byte[(32 - out.bytes.size() % 32) % 32]);
        out.bytes.writeBytes(new byte[data - last.length * Float.BYTES]);
        for (float number : last) {
            out.int32(Float.floatToRawIntBits(number));
        }
        return out.bytes.toByteArray();
    }

    private static final class Output {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void int32(int value) {
            bytes.writeBytes(buffer(4).putInt(value).array());
        }

        void int64(long value) {
            bytes.writeBytes(buffer(8).putLong(value).array());
        }

        void string(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            bytes.writeBytes(utf8);
        }

        void typed(Object value) {
            int32(type(value));
            if (value instanceof List<?> list) {
                int32(type(list.get(0)));
                int64(list.size());
                list.forEach(this::plain);
            } else {
                plain(value);
            }
        }

        private void plain(Object value) {
            if (value instanceof String text) {
                string(text);
            } else if (value instanceof Boolean flag) {
                bytes.write(flag ? 1 : 0);
            } else if (value instanceof Float number) {
                int32(Float.floatToRawIntBits(number));
            } else {
                int32((Integer) value);
            }
        }

        private static int type(Object value) {
            return value instanceof List<?>
                    ? 9
                    : value instanceof String ? 8 : value instanceof Boolean ? 7 : value instanceof Float ? 6 : 4;
        }

        private static ByteBuffer buffer(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
