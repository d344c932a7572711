package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.ConfigJson;
import dev.flipside.model.family.Llama;
import dev.flipside.model.family.Mistral;
import dev.flipside.model.family.RopeConfig;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.TensorInfo;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFilesTest {
    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private Path write(String modelType, Consumer<ObjectNode> change) {
        return TinyModels.of(modelType).config(change).write(directory.resolve("m"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void savedAndLoadedIsTheSameToTheBit(String modelType) {
        Path dir = write(modelType, c -> c.put("attention_bias", modelType.equals("llama"))
                .put("mlp_bias", modelType.equals("llama")));
        Path saved = directory.resolve("saved");
        List<TokenRow> rows = TinyModels.rows(3, 9);
        try (CausalLm lm = CausalLm.load(dir, Device.CPU)) {
            lm.save(saved, WeightType.F32);
            try (CausalLm loaded = CausalLm.load(saved, Device.CPU)) {
                assertThat(loaded.logprobs(rows, 1).logprobs())
                        .isDeepEqualTo(lm.logprobs(rows, 1).logprobs());
            }
        }
        Map<String, TensorInfo> before = SafeTensors.header(dir.resolve("model.safetensors"));
        Map<String, TensorInfo> after = SafeTensors.header(saved.resolve("model.safetensors"));
        assertThat(after.keySet()).containsExactlyInAnyOrderElementsOf(before.keySet());
        before.forEach(
                (name, info) -> assertThat(after.get(name).shape()).as(name).isEqualTo(info.shape()));
    }

    @ParameterizedTest
    @EnumSource(WeightType.class)
    void savedTypes(WeightType type) {
        Path saved = directory.resolve("saved");
        try (CausalLm lm = CausalLm.load(write("llama", c -> {}), Device.CPU)) {
            lm.save(saved, type);
            try (CausalLm loaded = CausalLm.load(saved, Device.CPU);
                    Scopes.Frozen scope = Scopes.frozen()) {
                float[] rounded = Tensors.toFloats(lm.parameters().flat().to(type.scalarType()));
                assertThat(java.util.Arrays.equals(
                                Tensors.toFloats(loaded.parameters().flat()), rounded))
                        .isTrue();
            }
        }
        ObjectNode config = Json.read(saved.resolve("config.json"));
        assertThat(config.get("dtype").asText()).isEqualTo(type.configName());
        assertThat(config.get("torch_dtype").asText()).isEqualTo(type.configName());
        assertThat(config.at("/architectures/0").asText()).isEqualTo("LlamaForCausalLM");
    }

    @Test
    void textsAreAsLongAsConfiguredAndNeverLongerThanTheContext() {
        ModelFiles files = ModelFiles.open(write("llama", c -> c.put("max_position_embeddings", 32)));

        assertThat(files.mostTokens(OptionalInt.empty())).isEqualTo(32);
        assertThat(files.mostTokens(OptionalInt.of(8))).isEqualTo(8);
        assertThat(files.mostTokens(OptionalInt.of(64))).isEqualTo(32);
    }

    @Test
    void tokenizerAndGenerationFilesTravel() throws Exception {
        Path dir = write("llama", c -> c.putArray("eos_token_id").add(2).add(5));
        Files.writeString(dir.resolve("tokenizer.json"), "{\"any\": \"thing\"}");
        Files.writeString(dir.resolve("chat_template.jinja"), "{{ x }}");
        Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [7, 2], \"top_p\": 0.9}");
        Path saved = directory.resolve("saved");
        try (CausalLm lm = CausalLm.load(dir, Device.CPU)) {
            assertThat(lm.files().eosIds()).containsExactly(2, 5, 7);
            assertThat(lm.files().padId()).hasValue(0);
            lm.save(saved, WeightType.F32);
        }
        assertThat(saved.resolve("tokenizer.json")).hasSameBinaryContentAs(dir.resolve("tokenizer.json"));
        assertThat(saved.resolve("chat_template.jinja")).hasSameBinaryContentAs(dir.resolve("chat_template.jinja"));
        assertThat(Json.read(saved.resolve("generation_config.json"))
                        .get("top_p")
                        .asDouble())
                .isEqualTo(0.9);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{", "[]", "{\"added_tokens\": [5], \"model\": {}}", "{\"added_tokens\": 5, \"model\": {}}"})
    void aTokenizerThatCannotBeReadIsNamed(String tokenizer) throws Exception {
        Path dir = write("llama", c -> {});
        Files.writeString(dir.resolve("tokenizer.json"), tokenizer);
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"eos_token\": \"<e>\"}");
        if (tokenizer.equals("[]")) {
            // Not a tokenizer, but no contradiction either: whoever loads it is told.
            assertThat(ModelFiles.open(dir).eosIds()).containsExactly(2);
        } else {
            assertThatThrownBy(() -> ModelFiles.open(dir))
                    .isInstanceOf(UserError.class)
                    .hasMessageFindingMatch(
                            "tokenizer.json( cannot be read as a tokenizer|: added_tokens.* the tokenizer library cannot be given that)");
        }
    }

    /**
     * TRL stops at the tokenizer's end token; what is saved stops there in transformers too, which reads
     * generation_config.json alone.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'eos_token':'<e>'} | {'eos_token_id':[7]} | 2,7,5 | [2, 7, 5]",
                "{'eos_token':'<e>'} | | 2,5 | [2, 5]",
                "{'eos_token':{'content':'<l>'},'added_tokens_decoder':{'6':{'content':'<l>'}}} | | 2,6 | [2, 6]",
                "{'eos_token':'word'} | | 2,1 | [2, 1]",
                "{'eos_token':'<e>'} | {'eos_token_id':5} | 2,5 | 5",
                "{'eos_token':'<far>'} | {'eos_token_id':7} | 2,7 | 7",
                "{'eos_token':'<e>'} | {'eos_token_id':[99999,7]} | 2,7,5 | [2, 7, 5]",
                "{} | {'eos_token_id':[128,7]} | 2,7 | [128, 7]",
                "{} | {'eos_token_id':7} | 2,7 | 7",
            })
    void theTokenizersEndTokenEndsACompletionToo(String tokenizer, String generation, String ends, String written)
            throws Exception {
        Path dir = write("llama", c -> c.put("eos_token_id", 2).put("bos_token_id", 1));
        Files.writeString(
                dir.resolve("tokenizer.json"),
                """
                {"added_tokens": [{"id": 5, "content": "<e>", "special": false}, {"id": 999999, "content": "<far>", "special": true}],
                 "model": {"type": "WordLevel", "vocab": {"word": 1}}}""");
        Files.writeString(dir.resolve("tokenizer_config.json"), tokenizer.replace('\'', '"'));
        if (generation != null) {
            Files.writeString(dir.resolve("generation_config.json"), generation.replace('\'', '"'));
        }
        Path saved = directory.resolve("saved");
        try (CausalLm lm = CausalLm.load(dir, Device.CPU)) {
            assertThat(lm.files().eosIds())
                    .containsExactly(
                            Stream.of(ends.split(",")).map(Integer::valueOf).toArray(Integer[]::new));
            lm.save(saved, WeightType.F32);
        }
        ObjectNode config = Json.read(saved.resolve("generation_config.json"));
        assertThat(config.get("eos_token_id").toString().replace(",", ", ")).isEqualTo(written);
        assertThat(config.path("bos_token_id").asInt(1)).isEqualTo(1);
        assertThat(ModelFiles.open(saved).eosIds())
                .isEqualTo(ModelFiles.open(dir).eosIds());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'model_type':'bloom'} | config.json: model_type 'bloom' is not supported; supported are llama, mistral, qwen2, qwen3, gpt2, gpt_neox, gemma2, gemma3_text,",
                "{'model_type':null} | model_type '' is not supported",
                "{'hidden_act':'xielu'} | hidden_act is 'xielu'; supported are silu, gelu,",
                "{'hidden_size':null} | hidden_size is missing",
                "{'hidden_size':-4} | hidden_size is -4, which is not a positive whole number",
                "{'hidden_size':'many'} | hidden_size is \"many\"",
                "{'num_key_value_heads':3} | num_key_value_heads is 3, which does not divide the 4 heads",
                "{'head_dim':7} | head_dim is 7; rotary positions need an even one",
                "{'num_hidden_layers':2000000000} | num_hidden_layers is above",
                "{'num_hidden_layers':3} | model.layers.2.input_layernorm.weight is missing",
                "{'num_hidden_layers':1} | model.layers.1.self_attn.q_proj.weight has no place",
                "{'vocab_size':2000000000} | model.embed_tokens.weight has the shape [37, 24] and config.json asks for [2000000000, 24]",
                "{'attention_bias':true} | q_proj.bias is missing",
                "{'rope_scaling':{'rope_type':'mrope','factor':2}} | rope_scaling asks for the RoPE type 'mrope'",
                "{'rope_scaling':{'type':'dynamic'}} | factor is missing",
                "{'rope_scaling':{'type':'yarn','factor':-2}} | factor is -2, which is not a positive number",
                "{'rope_parameters':{'rope_type':'longrope','rope_theta':1e4}} | short_factor is missing",
                "{'rope_parameters':{'rope_type':'linear'}} | factor is missing",
                "{'rope_parameters':{'full_attention':{'rope_type':'default'}}} | differs between layer types",
                "{'partial_rotary_factor':0.5} | only the families that rotate a part of each head",
                "{'quantization_config':{'bits':4}} | weights are quantised",
                "{'tie_word_embeddings':'yes'} | tie_word_embeddings is \"yes\", which is neither true nor false",
                "{'tie_word_embeddings':true} | ties the vocabulary head to the embedding",
                "{'eos_token_id':'end'} | eos_token_id is \"end\"",
            })
    void whatIsNotSupportedIsNamed(String change, String message) throws Exception {
        ObjectNode changes = (ObjectNode) Json.MAPPER.readTree(change.trim().replace('\'', '"'));
        // The weights fit the unchanged configuration.
        Path dir = write("llama", c -> {});
        TinyModels.llama().config(c -> c.setAll(changes)).writeConfig(dir);
        assertThatThrownBy(() -> CausalLm.load(dir, Device.CPU).close())
                .isInstanceOf(UserError.class)
                .hasMessageContaining(dir.toString())
                .hasMessageContaining(message.trim());
    }

    @Test
    void missingAndCorruptFilesAreNamed() throws Exception {
        assertThatThrownBy(() -> CausalLm.load(directory.resolve("none"), Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("none: there is no such model directory");
        assertThatThrownBy(() -> CausalLm.load(directory, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("config.json: there is no such file");
        Path dir = write("llama", c -> {});
        Files.delete(dir.resolve("model.safetensors"));
        assertThatThrownBy(() -> CausalLm.load(dir, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("holds neither model.safetensors nor model.safetensors.index.json");
        Files.writeString(dir.resolve("config.json"), "{\n\"hidden_size\": 1,,}");
        assertThatThrownBy(() -> CausalLm.load(dir, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("config.json: is not valid JSON at line 2");
        Path gguf = Files.createFile(directory.resolve("model.gguf"));
        assertThatThrownBy(() -> ModelFiles.open(gguf))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("make one of it with `flipside import " + gguf + " DIR`");
    }

    @Test
    void oldAndNewRopeStylesAgree() {
        RopeConfig expected = new RopeConfig.Llama3(500_000, 8, 1, 4, 32);
        assertThat(rope(c -> c.put("rope_theta", 500_000.0).set("rope_scaling", llama3(32))))
                .isEqualTo(expected);
        assertThat(rope(c -> c.set("rope_parameters", llama3(32).put("rope_theta", 500_000.0))))
                .isEqualTo(expected);
        // Without an original context the model's own counts.
        assertThat(rope(c -> c.put("rope_theta", 500_000.0).set("rope_scaling", llama3(0))))
                .isEqualTo(new RopeConfig.Llama3(500_000, 8, 1, 4, 64));
        assertThat(rope(c -> c.putObject("rope_scaling").put("type", "linear").put("factor", 2.0)))
                .isEqualTo(new RopeConfig.Linear(10_000, 2));
        assertThat(rope(c -> c.putNull("rope_scaling"))).isEqualTo(new RopeConfig.Plain(10_000));
        // Named beside the maximum it goes before the one among the rotary parameters.
        assertThat(rope(c -> c.put("original_max_position_embeddings", 16).set("rope_scaling", llama3(32))))
                .isEqualTo(new RopeConfig.Llama3(10_000, 8, 1, 4, 16));
    }

    /** As transformers 5.17 fills in what is not there. */
    @Test
    void yarnAndDynamicInBothStyles() {
        RopeConfig yarn = new RopeConfig.Yarn(10_000, 4, 16, 32, 1, 0.1 * Math.log(4) + 1, true);
        assertThat(rope(c -> c.putObject("rope_scaling")
                        .put("type", "yarn")
                        .put("factor", 4.0)
                        .put("original_max_position_embeddings", 16)))
                .isEqualTo(yarn);
        assertThat(rope(c -> c.putObject("rope_parameters")
                        .put("rope_type", "yarn")
                        .put("rope_theta", 10_000)
                        .putNull("factor")
                        .put("original_max_position_embeddings", 16)
                        .putNull("attention_factor")
                        .put("beta_fast", 0)))
                .isEqualTo(yarn);
        assertThat(rope(c -> c.putObject("rope_scaling")
                        .put("rope_type", "yarn")
                        .put("factor", 4)
                        .put("beta_fast", 16)
                        .put("beta_slow", 2)
                        .put("mscale", 1)
                        .put("mscale_all_dim", 0.5)
                        .put("truncate", false)))
                .isEqualTo(new RopeConfig.Yarn(
                        10_000, 4, 64, 16, 2, (0.1 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1), false));
        RopeConfig dynamic = new RopeConfig.Dynamic(10_000, 2, 64);
        assertThat(rope(c -> c.putObject("rope_scaling").put("type", "dynamic").put("factor", 2)))
                .isEqualTo(dynamic);
        assertThat(rope(c -> c.putObject("rope_parameters")
                        .put("rope_type", "dynamic")
                        .put("rope_theta", 10_000)
                        .put("factor", 2)))
                .isEqualTo(dynamic);
    }

    private static ObjectNode llama3(int original) {
        ObjectNode rope = Json.MAPPER.createObjectNode();
        rope.put("rope_type", "llama3")
                .put("factor", 8.0)
                .put("low_freq_factor", 1.0)
                .put("high_freq_factor", 4.0);
        return original == 0 ? rope : rope.put("original_max_position_embeddings", original);
    }

    private static RopeConfig rope(Consumer<ObjectNode> change) {
        ObjectNode node = TinyModels.llama().config(change).json();
        return new Llama()
                .read(new ConfigJson(Path.of("config.json"), node))
                .positions()
                .ropes()
                .get(0)
                .orElseThrow();
    }

    @Test
    void mistralSlidesUnlessToldNotTo() {
        ObjectNode config = TinyModels.of("mistral").json();
        Mistral mistral = new Mistral();
        assertThat(mistral.read(new ConfigJson(Path.of("c"), config))
                        .attention()
                        .slidingWindow())
                .isEmpty();
        config.remove("sliding_window");
        assertThat(mistral.read(new ConfigJson(Path.of("c"), config))
                        .attention()
                        .slidingWindow())
                .hasValue(4096);
    }

    @Test
    void aBareDecoderIsABackbone() {
        Path dir = TinyModels.llama()
                .tensors(shapes -> {
                    shapes.remove("lm_head.weight");
                    List.copyOf(shapes.keySet())
                            .forEach(name -> shapes.put(name.substring("model.".length()), shapes.remove(name)));
                })
                .write(directory.resolve("bare"));
        try (RewardModel model = RewardModel.fromBackbone(dir, Device.CPU, new dev.flipside.engine.Seeds(1))) {
            assertThat(model.values(List.of(new int[] {3, 4}))).containsExactly(0);
        }
        assertThatThrownBy(() -> CausalLm.load(dir, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("lm_head.weight is missing");
    }
}
