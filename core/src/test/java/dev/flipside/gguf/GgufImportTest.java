package dev.flipside.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.TokenRow;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole models of every architecture, converted by llama.cpp and imported again, against the directories of
 * transformers that they came from.
 */
class GgufImportTest {
    /** As for the decoders: transformers' own kernels differ by 1e-5, a wrong feature by 1e-1. */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path temp;

    private static GgufImport open(String name) {
        return GgufImport.open(GgufFixtures.file(name + ".gguf"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "llama-biases",
                "mistral",
                "mixtral",
                "qwen2",
                "qwen3",
                "qwen3moe",
                "gemma2",
                "gemma3",
                "olmo2",
                "phi3",
                "smollm3",
                "granite",
                "starcoder2",
                "stablelm",
                "stablelm-parallel",
                "gpt2",
                "gptneox"
            })
    void weightsConfigurationAndTokenIdsAreThoseOfTheModelItCameFrom(String name) throws Exception {
        JsonNode golden = GgufFixtures.json(name + ".json");
        GgufImport model = open(name);

        assertThat(hashes(model)).isEqualTo(hashes(golden.get("tensors")));
        assertThat(model.config(WeightType.F32)).isEqualTo(GgufFixtures.json(name + ".config.json"));
        model.writeTokenizer(temp);
        try (Tokenizer tokenizer = Tokenizer.load(temp)) {
            assertIds(tokenizer, golden.get("texts"));
        }
    }

    private static void assertIds(Tokenizer tokenizer, JsonNode texts) {
        assertThat(texts).hasSizeGreaterThan(25);
        for (JsonNode text : texts) {
            String written = text.get("text").asText();
            assertThat(tokenizer.encode(written, false)).as(written).isEqualTo(GgufFixtures.ints(text.get("ids")));
            assertThat(tokenizer.encode(written, true))
                    .as(written)
                    .isEqualTo(GgufFixtures.ints(text.get("with_added")));
        }
    }

    private static Map<String, String> hashes(JsonNode tensors) {
        Map<String, String> hashes = new TreeMap<>();
        tensors.properties()
                .forEach(t -> hashes.put(
                        t.getKey(),
                        t.getValue().get("shape") + " "
                                + t.getValue().get("sha256").asText()));
        return hashes;
    }

    private static Map<String, String> hashes(GgufImport model) throws Exception {
        Map<String, String> hashes = new TreeMap<>();
        try (DequantisedWeights weights = model.weights(WeightType.F32)) {
            for (HuggingFaceTensor tensor : model.tensors()) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                weights.write(tensor.name(), Channels.newChannel(bytes));
                byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
                hashes.put(
                        tensor.name(),
                        GgufFixtures.JSON.valueToTree(tensor.shape()) + " "
                                + HexFormat.of().formatHex(hash));
            }
        }
        return hashes;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "llama-biases",
                "mistral",
                "qwen2",
                "qwen3",
                "gemma2",
                "gemma3",
                "gpt2",
                "gptneox",
                "granite",
                "mixtral",
                "olmo2",
                "phi3",
                "qwen3moe",
                "smollm3",
                "stablelm",
                "stablelm-parallel",
                "starcoder2"
            })
    void theDirectoryComputesWhatTransformersComputed(String name) {
        Path directory = temp.resolve(name);
        open(name).write(directory, WeightType.F32, written -> {});

        List<TokenRow> rows = new ArrayList<>();
        List<double[]> wanted = new ArrayList<>();
        for (JsonNode row : GgufFixtures.json(name + ".json").get("rows")) {
            rows.add(new TokenRow(GgufFixtures.ints(row.get("ids")), 1));
            wanted.add(GgufFixtures.JSON.convertValue(row.get("logprobs"), double[].class));
        }
        try (CausalLm lm = CausalLm.load(directory, Device.CPU)) {
            double[][] found = lm.logprobs(rows, 1).logprobs();
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i]).hasSize(wanted.get(i).length);
                for (int t = 0; t < found[i].length; t++) {
                    assertThat(found[i][t]).isCloseTo(wanted.get(i)[t], within(TOLERANCE));
                }
            }
        }
    }

    /** The header only: the weights of the real model are held against transformers in the slow tests. */
    @Test
    void theTokenizerOfSmolLm2IsItsOwn() throws IOException {
        Path gguf = SharedFiles.require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        GgufImport.open(gguf).writeTokenizer(temp);
        JsonNode golden = TestResources.json("text/golden.json").at("/tokens/smollm2");
        assertThat(golden).isNotEmpty();
        try (Tokenizer tokenizer = Tokenizer.load(temp)) {
            for (JsonNode text : golden) {
                assertThat(tokenizer.encode(text.get("text").asText(), false))
                        .isEqualTo(GgufFixtures.ints(text.get("ids")));
            }
        }
    }

    @Test
    void aSplitModelIsTheSameFromAnyOfItsParts() throws Exception {
        Map<String, String> whole = hashes(open("llama"));
        for (int part = 1; part <= 3; part++) {
            GgufImport split = open(String.format("split-%05d-of-00003", part));
            assertThat(hashes(split)).isEqualTo(whole);
            assertThat(split.config(WeightType.F32)).isEqualTo(open("llama").config(WeightType.F32));
        }
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        for (int part : new int[] {1, 3}) {
            String name = String.format("split-%05d-of-00003.gguf", part);
            Files.copy(GgufFixtures.file(name), temp.resolve(name));
        }
        assertThatThrownBy(() -> GgufImport.open(temp.resolve("split-00001-of-00003.gguf")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("split-00002-of-00003.gguf: there is no such file");
        Files.copy(GgufFixtures.file("split-00003-of-00003.gguf"), temp.resolve("split-00002-of-00003.gguf"));
        assertThatThrownBy(() -> GgufImport.open(temp.resolve("split-00001-of-00003.gguf")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("says that it is part 3");
        Path renamed = Files.copy(GgufFixtures.file("split-00001-of-00003.gguf"), temp.resolve("first.gguf"));
        assertThatThrownBy(() -> GgufImport.open(renamed))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is one of 3 parts and is not named so");
    }

    /** F16 weights are exact in float16 and rounded to nearest in bfloat16. */
    @ParameterizedTest
    @EnumSource(WeightType.class)
    void weightsAreWrittenInTheTypeThatIsAskedFor(WeightType type) throws IOException {
        Path directory = temp.resolve("model");
        List<Long> progress = new ArrayList<>();
        GgufImport model = open("qwen3");
        model.write(directory, type, progress::add);

        assertThat(SafeTensors.header(directory.resolve("model.safetensors")).values())
                .isNotEmpty()
                .allMatch(info -> info.dtype().equals(type.name()));
        JsonNode config =
                GgufFixtures.JSON.readTree(directory.resolve("config.json").toFile());
        assertThat(config.get("torch_dtype").asText()).isEqualTo(type.configName());
        assertThat(progress).isSorted().last().isEqualTo(model.parameters() * type.bytes());
        float[] exact = numbers(model, WeightType.F32);
        float[] written = numbers(model, type);
        for (int i = 0; i < exact.length; i++) {
            float tolerance = type == WeightType.BF16 ? Math.abs(exact[i]) * 0x1p-8f : 0;
            assertThat(written[i]).isCloseTo(exact[i], within(tolerance));
        }
        assertThat(Arrays.equals(exact, written)).isEqualTo(type != WeightType.BF16);
    }

    private static float[] numbers(GgufImport model, WeightType type) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DequantisedWeights weights = model.weights(type)) {
            weights.write("model.layers.0.self_attn.q_proj.weight", Channels.newChannel(bytes));
        }
        byte[] raw = bytes.toByteArray();
        BlockType read = BlockType.valueOf(type.name());
        float[] numbers = new float[raw.length / type.bytes()];
        read.read(ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN), numbers, numbers.length);
        return numbers;
    }

    @Test
    void anExistingDirectoryIsKeptAndNothingIsLeftBesideIt() throws IOException {
        Path existing = Files.createDirectory(temp.resolve("mine"));
        Files.writeString(existing.resolve("notes.txt"), "keep");
        assertThatThrownBy(() -> open("qwen2").write(existing, WeightType.F32, written -> {}))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("exists already");
        assertThat(existing.resolve("notes.txt")).hasContent("keep");

        Path broken = temp.resolve("broken");
        assertThatThrownBy(() -> open("qwen2").write(broken, WeightType.F32, written -> {
                    throw new UserError("stopped");
                }))
                .hasMessage("stopped");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).containsExactly(existing);
        }
    }

    @Test
    void endsOfTurnsInTheChatTemplateEndACompletion() throws IOException {
        Path directory = temp.resolve("model");
        open("qwen2").write(directory, WeightType.F32, written -> {});
        JsonNode generation = GgufFixtures.JSON.readTree(
                directory.resolve("generation_config.json").toFile());
        assertThat(GgufFixtures.ints(generation.get("eos_token_id"))).containsExactly(0, 2);
        ObjectNode tokenizer = (ObjectNode) GgufFixtures.JSON.readTree(
                directory.resolve("tokenizer_config.json").toFile());
        assertThat(tokenizer.get("chat_template").asText()).startsWith("{% for m in messages %}<|im_start|>");
        assertThat(tokenizer.get("bos_token").asText()).isEqualTo("<|endoftext|>");
        assertThat(tokenizer.get("pad_token").asText()).isEqualTo("<|im_end|>");
    }
}
