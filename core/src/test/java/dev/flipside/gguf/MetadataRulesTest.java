package dev.flipside.gguf;

import static dev.flipside.gguf.GgufBytes.llama;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.family.RopeConfig;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules that the converted models do not reach: keys of old converters, scalings, names of templates. */
class MetadataRulesTest {
    @TempDir
    Path temp;

    private GgufImport open(GgufBytes file) {
        return GgufImport.open(file.write(temp.resolve("model.gguf")));
    }

    private JsonNode config(GgufBytes file) {
        return open(file).config(WeightType.BF16);
    }

    private JsonNode written(GgufBytes file, String name) throws IOException {
        Path directory = temp.resolve("out");
        open(file).write(directory, WeightType.F32, bytes -> {});
        return GgufFixtures.JSON.readTree(directory.resolve(name).toFile());
    }

    @Test
    void whatTheFileLeavesOutIsWhatLlamaCppAssumes() {
        JsonNode config = config(llama());
        assertThat(config.get("num_key_value_heads").intValue()).isEqualTo(2);
        assertThat(config.get("head_dim").intValue()).isEqualTo(16);
        assertThat(config.get("rope_theta").doubleValue()).isEqualTo(10_000);
        assertThat(config.get("rope_scaling").isNull()).isTrue();
        assertThat(config.get("vocab_size").intValue()).isEqualTo(8);
        assertThat(config.get("pad_token_id").isNull()).isTrue();
        assertThat(config.get("torch_dtype").textValue()).isEqualTo("bfloat16");
        // A float32 is written as the number that was meant.
        assertThat(config.get("rms_norm_eps").toString()).isEqualTo("1.0E-5");
    }

    @Test
    void aLlamaWithAWindowIsAMistral() {
        JsonNode config = config(llama().pair("llama.attention.sliding_window", 48));
        assertThat(config.get("model_type").textValue()).isEqualTo("mistral");
        assertThat(config.get("architectures").get(0).textValue()).isEqualTo("MistralForCausalLM");
        assertThat(config.get("sliding_window").intValue()).isEqualTo(48);
    }

    @Test
    void scalingsOfRotaryPositionsKeepTheirNumbers() {
        JsonNode old = config(llama().pair("llama.rope.scale_linear", 2.5f)).get("rope_scaling");
        assertThat(old.get("rope_type").textValue()).isEqualTo("linear");
        assertThat(old.get("factor").doubleValue()).isEqualTo(2.5);

        JsonNode yarn = config(llama().pair("llama.rope.scaling.type", "yarn")
                        .pair("llama.rope.scaling.factor", 4f)
                        .pair("llama.rope.scaling.original_context_length", 32768)
                        .pair("llama.rope.scaling.yarn_beta_fast", 16f))
                .get("rope_scaling");
        assertThat(yarn.get("rope_type").textValue()).isEqualTo("yarn");
        assertThat(yarn.get("factor").doubleValue()).isEqualTo(4);
        assertThat(yarn.get("original_max_position_embeddings").intValue()).isEqualTo(32768);
        assertThat(yarn.get("beta_fast").doubleValue()).isEqualTo(16);
    }

    /** As the converter writes a model with YaRN, and with what only llama.cpp's own keys say. */
    @Test
    void anImportedModelWithYarnIsOneWithTransformersYarn() {
        assertThat(imported("plain", yarn()))
                .isEqualTo(new RopeConfig.Yarn(10_000, 4, 16, 32, 1, 0.1 * Math.log(4) + 1, true));
        assertThat(imported(
                        "all",
                        yarn().pair("llama.rope.freq_base", 500_000f)
                                .pair("llama.rope.scaling.yarn_ext_factor", 1f)
                                .pair("llama.rope.scaling.yarn_attn_factor", 1.25f)
                                .pair("llama.rope.scaling.yarn_beta_fast", 16f)
                                .pair("llama.rope.scaling.yarn_beta_slow", 0.5f)))
                .isEqualTo(new RopeConfig.Yarn(500_000, 4, 16, 16, 0.5, 1.25, true));
        assertThat(imported("mscale", yarn().pair("llama.rope.scaling.yarn_log_multiplier", 0.5f)))
                .isEqualTo(new RopeConfig.Yarn(
                        10_000, 4, 16, 32, 1, (0.1 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1), true));
        assertThatThrownBy(() -> config(yarn().pair("llama.rope.scaling.yarn_ext_factor", 0.5f)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("yarn_ext_factor is 0.5");
    }

    private static GgufBytes yarn() {
        return llama().pair("llama.rope.scaling.type", "yarn")
                .pair("llama.rope.scaling.factor", 4f)
                .pair("llama.rope.scaling.original_context_length", 16);
    }

    private RopeConfig imported(String name, GgufBytes file) {
        Path directory = temp.resolve(name);
        GgufImport.open(file.write(temp.resolve(name + ".gguf"))).write(directory, WeightType.F32, written -> {});
        try (CausalLm lm = CausalLm.load(directory, Device.CPU)) {
            return lm.files().config().positions().ropes().get(0).orElseThrow();
        }
    }

    /** Factors of Llama 3.2's rule (theta 500000, heads of 64, factor 32) as the converter's formula gives them. */
    @Test
    void theFactorsOfLlama32GiveItsScaling() throws IOException {
        double theta = 500_000;
        float[] factors = new float[32];
        for (int i = 0; i < factors.length; i++) {
            double wave = 2 * Math.PI * Math.pow(theta, i / 32.0);
            double smooth = (8192 / wave - 1) / 3;
            factors[i] = (float) (wave < 2048 ? 1 : wave > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth));
        }
        assertThat(factors[31]).isEqualTo(32);
        JsonNode scaling = config(GgufBytes.llamaWithFactors(64, factors).pair("llama.rope.freq_base", (float) theta))
                .get("rope_scaling");
        assertThat(scaling.get("rope_type").textValue()).isEqualTo("llama3");
        assertThat(scaling.get("factor").doubleValue()).isCloseTo(32, within(1e-9));
        assertThat(scaling.get("original_max_position_embeddings").intValue()).isEqualTo(8192);
    }

    @Test
    void aHeadThatIsTheEmbeddingOnceMoreIsTiedToIt() {
        GgufImport copy = open(llama().tensor("output.weight", 0, 32L, 8L));
        assertThat(copy.config(WeightType.F32).get("tie_word_embeddings").booleanValue())
                .isTrue();
        assertThat(copy.tensors()).isNotEmpty().noneMatch(t -> t.name().equals("lm_head.weight"));
        // The same numbers in another type: quantised on its own, as an untied one is.
        GgufImport other = open(llama().tensor("output.weight", 1, 32L, 8L));
        assertThat(other.config(WeightType.F32).get("tie_word_embeddings").booleanValue())
                .isFalse();
        assertThat(other.tensors()).anyMatch(t -> t.name().equals("lm_head.weight"));
    }

    @Test
    void namedTemplatesStayNamed() throws IOException {
        JsonNode templates = written(
                        llama().pair("tokenizer.chat_template", "plain")
                                .pair("tokenizer.chat_templates", List.of("tool_use"))
                                .pair("tokenizer.chat_template.tool_use", "with tools"),
                        "tokenizer_config.json")
                .get("chat_template");
        assertThat(templates).hasSize(2);
        assertThat(templates.get(0).get("name").textValue()).isEqualTo("default");
        assertThat(templates.get(1).get("template").textValue()).isEqualTo("with tools");
    }

    @Test
    void theEndOfATurnThatTheFileNamesEndsACompletion() throws IOException {
        JsonNode config = written(llama().pair("tokenizer.ggml.eot_token_id", 5), "generation_config.json");
        assertThat(GgufFixtures.ints(config.get("eos_token_id"))).containsExactly(6, 5);
    }

    /** Converters give the end of a turn the kind of a user's token, or of ordinary text; llama.cpp overrides both. */
    @Test
    void tokensWithARoleAreSpecialWhateverTheirKind() throws IOException {
        GgufBytes file = llama().pair(
                        "tokenizer.ggml.tokens", List.of("a", "b", "c", "ab", "abc", "<s>", "<|im_end|>", "<|eot_id|>"))
                .pair("tokenizer.ggml.token_type", List.of(1, 1, 1, 1, 1, 4, 4, 1))
                .pair("tokenizer.chat_template", "{{ messages[0].content }}<|eot_id|>");
        JsonNode tokenizer = written(file, "tokenizer.json");

        assertThat(tokenizer.get("added_tokens"))
                .extracting(t -> t.get("content").textValue() + t.get("special").asText())
                .containsExactly("<s>true", "<|im_end|>true", "<|eot_id|>true");
        try (Tokenizer loaded = Tokenizer.load(temp.resolve("out"))) {
            assertThat(loaded.decode(new int[] {5, 0, 6, 7}, true)).isEqualTo("a");
        }
        assertThat(GgufFixtures.ints(GgufFixtures.JSON
                        .readTree(temp.resolve("out/generation_config.json").toFile())
                        .get("eos_token_id")))
                .containsExactly(6, 7);
    }
}
