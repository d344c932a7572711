package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The goldens see every feature: a copy of a fixture with one feature switched off is far from the numbers of the
 * original.
 */
class GoldenFeatureTest {
    /** A hundred times the tolerance that the goldens are held to, so that no lost feature can pass for rounding. */
    private static final double LEAST_GAP = 1e-2;

    @TempDir
    Path temp;

    private record Loss(String feature, String fixture, Consumer<Path> edit) {
        @Override
        public String toString() {
            return fixture + " without " + feature;
        }
    }

    static Stream<Loss> losses() {
        return Stream.of(
                config("its RMSNorm epsilon", "llama", c -> c.put("rms_norm_eps", 1e-6)),
                config("its RoPE base (old style)", "llama", c -> c.put("rope_theta", 500.0)),
                config("its RoPE base (new style)", "qwen3", c -> rope(c).put("rope_theta", 1e6)),
                config("llama3 scaling", "llama-llama3-rope", c -> rope(c).put("rope_type", "default")),
                config("llama3 scaling (old style)", "llama-llama3-rope-old", c -> c.putNull("rope_scaling")),
                config("its scaling factor", "llama-llama3-rope", c -> rope(c).put("factor", 4.0)),
                config("its low frequency factor", "llama-llama3-rope", c -> rope(c).put("low_freq_factor", 0.5)),
                config("its high frequency factor", "llama-llama3-rope", c -> rope(c).put("high_freq_factor", 2.0)),
                config("its original context", "llama-llama3-rope", c -> rope(c).put(
                                "original_max_position_embeddings", 64)),
                config("linear scaling", "llama-linear-rope", c -> c.putNull("rope_scaling")),
                config("its sliding window", "mistral", c -> c.putNull("sliding_window")),
                config("the exact width of its window", "mistral", c -> c.put("sliding_window", 9)),
                config("its window switched off", "qwen2", c -> c.put("use_sliding_window", true)
                        .put("max_window_layers", 1)),
                config("its sliding window", "qwen2-window", c -> c.put("use_sliding_window", false)),
                config("its first full layer", "qwen2-window", c -> c.put("max_window_layers", 0)),
                config("its second sliding layer", "qwen2-window", c -> c.put("max_window_layers", 2)),
                config("its layer types", "qwen3-bfloat16", c -> c.putArray("layer_types")
                        .add("full_attention")
                        .add("full_attention")),
                weights("query biases", "qwen2", "q_proj\\.bias", 0),
                weights("key biases", "qwen2", "k_proj\\.bias", 0),
                weights("value biases", "qwen2", "v_proj\\.bias", 0),
                weights("query biases", "llama-biases", "q_proj\\.bias", 0),
                weights("key biases", "llama-biases", "k_proj\\.bias", 0),
                weights("value biases", "llama-biases", "v_proj\\.bias", 0),
                weights("attention output biases", "llama-biases", "o_proj\\.bias", 0),
                weights("gate biases", "llama-biases", "gate_proj\\.bias", 0),
                weights("up biases", "llama-biases", "up_proj\\.bias", 0),
                weights("down biases", "llama-biases", "down_proj\\.bias", 0),
                weights("query norms", "qwen3", "q_norm", 1),
                weights("key norms", "qwen3", "k_norm", 1),
                weights("norms before attention", "llama", "input_layernorm", 1),
                weights("norms before the MLP", "llama", "post_attention_layernorm", 1),
                weights("the final norm", "llama", "model\\.norm", 1),
                new Loss(
                        "its own head (tied instead)",
                        "llama",
                        d -> GoldenFixtures.replaceWeight(d, "lm_head.weight", "model.embed_tokens.weight")));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void losingAFeatureIsFarFromTheGoldens(Loss loss) {
        JsonNode numbers = GoldenFixtures.numbers(loss.fixture());
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory(loss.fixture()), temp.resolve("edited"));
        loss.edit().accept(edited);
        try (CausalLm lm = CausalLm.load(edited, Device.CPU)) {
            double[][] found = lm.logprobs(GoldenFixtures.rows(numbers), 1.0).logprobs();
            double gap = GoldenFixtures.largestGap(found, GoldenFixtures.perToken(numbers, "logprobs", 1.0));
            // Infinite would mean NaN: then nothing was shown about the feature.
            assertThat(gap).isFinite().isGreaterThan(LEAST_GAP);
        }
    }

    /** These flags decide which weights there are, so a wrong one cannot load at all. */
    @Test
    void aFlagThatTheWeightsContradictIsRefused() {
        assertRefused("untied", "qwen2", c -> c.put("tie_word_embeddings", false), "lm_head.weight");
        // transformers 5 would use this head in spite of the flag, transformers 4 would not.
        assertRefused("tied", "llama", c -> c.put("tie_word_embeddings", true), "lm_head.weight");
        assertRefused("attention", "llama", c -> c.put("attention_bias", true), "q_proj.bias");
        assertRefused("mlp", "llama", c -> c.put("mlp_bias", true), "gate_proj.bias");
        assertRefused("no-attention", "llama-biases", c -> c.put("attention_bias", false), "_proj.bias");
        assertRefused("no-mlp", "llama-biases", c -> c.put("mlp_bias", false), "_proj.bias");
        assertRefused("head", "qwen3", c -> c.put("head_dim", 8), "q_proj.weight");
        assertRefused("norms", "qwen2", c -> c.put("model_type", "qwen3").put("head_dim", 8), "q_norm.weight");
    }

    private void assertRefused(String folder, String fixture, Consumer<ObjectNode> edit, String weight) {
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory(fixture), temp.resolve(folder));
        GoldenFixtures.editConfig(edited, edit);
        assertThatThrownBy(() -> CausalLm.load(edited, Device.CPU).close())
                .isInstanceOf(UserError.class)
                .hasMessageContaining(weight);
    }

    private static Loss config(String feature, String fixture, Consumer<ObjectNode> edit) {
        return new Loss(feature, fixture, directory -> GoldenFixtures.editConfig(directory, edit));
    }

    private static Loss weights(String feature, String fixture, String pattern, double value) {
        return new Loss(
                feature, fixture, directory -> GoldenFixtures.editWeights(directory, pattern, ignored -> value));
    }

    private static ObjectNode rope(ObjectNode config) {
        return (ObjectNode) config.get("rope_parameters");
    }
}
