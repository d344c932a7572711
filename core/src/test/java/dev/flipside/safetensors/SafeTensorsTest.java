package dev.flipside.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafeTensorsTest {
    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private Path file() {
        return directory.resolve("test.safetensors");
    }

    /** A file with this header, this claimed length of it, and this many bytes of zeros. */
    private Path file(String header, long claimed, int data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file(), bytes.putLong(claimed).put(json).array());
        return file();
    }

    private static float[] read(Path file, String name) {
        TensorInfo info = SafeTensors.header(file).get(name);
        try (PointerScope scope = new PointerScope()) {
            Tensor tensor = torch.zeros(
                    info.shape().stream().mapToLong(Long::longValue).toArray(), Device.CPU.options(ScalarType.Float));
            SafeTensors.read(file, name, info, tensor);
            return Tensors.toFloats(tensor);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightType.class)
    void roundTrips(WeightType type) {
        float[] values = new float[6 * 7];
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() * 4 - 2);
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor matrix = Tensors.ofFloats(values, Device.CPU, 6, 7);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("b.matrix", matrix);
            tensors.put("a.slice", matrix.narrow(0, 2, 3));
            tensors.put("transposed", matrix.t());
            tensors.put("scalar", torch.ones(new long[0], Device.CPU.options(ScalarType.Float)));
            tensors.put("empty", torch.zeros(new long[] {0, 3}, Device.CPU.options(ScalarType.Float)));
            SafeTensors.write(file(), tensors, type);
            assertThat(SafeTensors.header(file()).get("a.slice").shape()).containsExactly(3L, 7L);
            assertThat(SafeTensors.header(file()).get("empty").shape()).containsExactly(0L, 3L);
            // What comes back is the value rounded once to the file's type, to the bit.
            assertThat(read(file(), "b.matrix")).containsExactly(rounded(matrix, type));
            assertThat(read(file(), "a.slice")).containsExactly(rounded(matrix.narrow(0, 2, 3), type));
            assertThat(read(file(), "transposed")).containsExactly(rounded(matrix.t(), type));
            assertThat(read(file(), "scalar")).containsExactly(1);
            assertThat(directory.toFile().list()).containsExactly("test.safetensors");
        }
    }

    private static float[] rounded(Tensor tensor, WeightType type) {
        return Tensors.toFloats(tensor.to(type.scalarType()));
    }

    @Test
    void knownBytes() throws IOException {
        // 1.5 in bfloat16 is 0x3FC0 and in float16 0x3E00, little endian.
        String header = "{\"x\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]},"
                + "\"y\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,4]}}";
        Path file = file(header, header.length(), 4);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 4] = (byte) 0xC0;
        bytes[bytes.length - 3] = 0x3F;
        bytes[bytes.length - 1] = 0x3E;
        Files.write(file, bytes);
        assertThat(read(file, "x")).containsExactly(1.5f);
        assertThat(read(file, "y")).containsExactly(1.5f);
    }

    @Test
    void largerThanOneChunk() {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor long1 =
                    torch.arange(new org.bytedeco.pytorch.Scalar(5_000_001.0), Device.CPU.options(ScalarType.Float));
            SafeTensors.write(file(), Map.of("x", long1), WeightType.F32);
            float[] values = read(file(), "x");
            assertThat(values).hasSize(5_000_001);
            for (int i = 0; i < values.length; i += 999) {
                assertThat(values[i]).isEqualTo(i);
            }
            assertThat(values[5_000_000]).isEqualTo(5_000_000);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "not json | is not JSON",
                "[1]| not a JSON object",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,9]}} | claims bytes 0 to 9 of 8",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | '-8' where a size or offset belongs",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | claims bytes 8 to 0",
                "{'x':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | needs 12 bytes and claims 8",
                "{'x':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | '-2' where a size",
                "{'x':{'dtype':'F32','shape':[2.5],'data_offsets':[0,8]}} | '2.5' where a size",
                "{'x':{'dtype':'F32','shape':[9223372036854775807,4],'data_offsets':[0,8]}} | impossible shape",
                "{'x':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | where a size",
                "{'x':{'dtype':'F99','shape':[2],'data_offsets':[0,8]}} | unknown type 'F99'",
                "{'x':{'dtype':'F32','data_offsets':[0,8]}} | lacks a shape",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | two data_offsets",
                "{'x':7} | unknown type",
                "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | end at byte",
                "{'x':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | starts at byte",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'y':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | starts at byte",
                "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | is not JSON",
            })
    void malformedHeadersAreNamed(String header, String why) throws IOException {
        String json = header.trim().replace('\'', '"');
        Path file = file(json, json.length(), 8);
        assertThatThrownBy(() -> SafeTensors.header(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("test.safetensors")
                .hasMessageContaining(why.trim());
    }

    @Test
    void impossibleHeaderLengths() throws IOException {
        String json = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        for (long claimed : new long[] {0, 1, json.length() + 9L, 1L << 31, 100_000_001, Long.MAX_VALUE, -1}) {
            Path file = file(json, claimed, 8);
            assertThatThrownBy(() -> SafeTensors.header(file))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("header claims");
        }
        Files.write(file(), new byte[3]);
        assertThatThrownBy(() -> SafeTensors.header(file())).hasMessageContaining("it has 3 bytes");
        assertThatThrownBy(() -> SafeTensors.header(directory.resolve("none")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no such file");
        assertThatThrownBy(() -> SafeTensors.header(directory)).isInstanceOf(UserError.class);
    }

    /** Whatever happens to a file, reading it gives its numbers or a UserError. */
    @Test
    void damagedFilesNeverCrash() throws IOException {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor x = Tensors.ofFloats(new float[] {1, 2, 3, 4}, Device.CPU, 2, 2);
            SafeTensors.write(file(), Map.of("x", x), WeightType.F16);
        }
        byte[] whole = Files.readAllBytes(file());
        SplittableRandom random = new SplittableRandom(6);
        int refused = 0;
        for (int trial = 0; trial < 400; trial++) {
            byte[] bytes = Arrays.copyOf(whole, trial % 2 == 0 ? whole.length : random.nextInt(whole.length));
            if (trial % 2 == 0) {
                bytes[random.nextInt(whole.length - 8)] = (byte) random.nextInt(256);
            }
            Files.write(file(), bytes);
            try {
                for (String name : SafeTensors.header(file()).keySet()) {
                    read(file(), name);
                }
            } catch (UserError e) {
                refused++;
                assertThat(e).hasMessageContaining("test.safetensors");
            }
        }
        assertThat(refused).isGreaterThan(250);
    }

    @Test
    void aFileThatShrinksAfterItsHeaderWasReadIsNamed() throws IOException {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor x = Tensors.ofFloats(new float[] {1, 2, 3, 4}, Device.CPU, 2, 2);
            SafeTensors.write(file(), Map.of("x", x), WeightType.F32);
            TensorInfo info = SafeTensors.header(file()).get("x");
            byte[] whole = Files.readAllBytes(file());
            Files.write(file(), Arrays.copyOf(whole, whole.length - 1));
            assertThatThrownBy(() -> SafeTensors.read(file(), "x", info, x))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("truncated");
        }
    }

    @Test
    void otherTypesAreRefusedOnlyWhenTheyAreRead() throws IOException {
        String json = "{\"x\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}";
        Path file = file(json, json.length(), 8);
        assertThat(SafeTensors.header(file)).containsOnlyKeys("x");
        assertThatThrownBy(() -> read(file, "x")).isInstanceOf(UserError.class).hasMessageContaining("of type I64");
    }

    @Test
    void shards() throws IOException {
        List<String> names = List.of("a", "b", "c");
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int i = 0; i < names.size(); i++) {
                tensors.put(names.get(i), Tensors.ofFloats(new float[] {i, -i, 7}, Device.CPU, 3));
            }
            WeightFiles.write(directory, tensors, WeightType.F32, 24);
            assertThat(directory.toFile().list())
                    .containsExactlyInAnyOrder(
                            "model-00001-of-00002.safetensors",
                            "model-00002-of-00002.safetensors",
                            "model.safetensors.index.json");
            WeightFiles files = WeightFiles.open(directory);
            assertThat(files.names()).containsExactlyElementsOf(names);
            Tensor c = torch.zeros(new long[] {3}, Device.CPU.options(ScalarType.Float));
            files.read("c", c);
            assertThat(Tensors.toFloats(c)).containsExactly(2, -2, 7);
            assertThat(Json.read(directory.resolve(WeightFiles.INDEX))
                            .at("/metadata/total_size")
                            .asInt())
                    .isEqualTo(36);
            // A smaller save must not leave an index that points at older shards.
            WeightFiles.write(directory, tensors, WeightType.F32, 1000);
            assertThat(directory.toFile().list()).containsExactly("model.safetensors");
            assertThat(WeightFiles.open(directory).names()).containsExactlyElementsOf(names);
        }
    }

    @Test
    void brokenIndexesAreNamed() throws IOException {
        shards();
        Path index = directory.resolve(WeightFiles.INDEX);
        Files.writeString(index, "{\"weight_map\":{\"a\":\"../a.safetensors\"}}");
        // A whole file beside an index wins, as in transformers: the index is the rest of an earlier save.
        assertThat(WeightFiles.open(directory).names()).isNotEmpty();
        Files.move(directory.resolve(WeightFiles.SINGLE), directory.resolve("part.safetensors"));
        assertThatThrownBy(() -> WeightFiles.open(directory))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("not a plain file name");
        Files.writeString(index, "{\"weight_map\":{\"a\":\"gone.safetensors\"}}");
        assertThatThrownBy(() -> WeightFiles.open(directory))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("gone.safetensors: there is no such file");
        Files.writeString(index, "{\"weight_map\":{\"z\":\"part.safetensors\"}}");
        assertThatThrownBy(() -> WeightFiles.open(directory))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("promises z");
        Files.writeString(index, "{}");
        assertThatThrownBy(() -> WeightFiles.open(directory))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no weight_map");
    }
}
