package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.engine.Device;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoders against transformers 5.17 in float32, on small random models of every family and on a small real one. */
class GoldenModelsTest {
    /**
     * transformers' own attention kernels differ among themselves by up to 1e-5 on these models; a wrong feature moves
     * numbers by 1e-1.
     */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "llama-llama3-rope",
                "llama-llama3-rope-old",
                "llama-linear-rope",
                "llama-biases",
                "llama-sharded",
                "mistral",
                "mistral-float16",
                "qwen2",
                "qwen2-window",
                "qwen3",
                "qwen3-bfloat16"
            })
    void computesWhatTransformersComputes(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            assertLogprobs(lm, numbers);
            assertGreedy(lm, numbers.get("greedy"));
        }
    }

    /**
     * Rows of different prompt lengths in one cache: a short one starts behind empty slots, and windows are narrower
     * than the texts.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "llama-llama3-rope",
                "llama-biases",
                "mistral",
                "mistral-float16",
                "qwen2-window",
                "qwen3",
                "qwen3-bfloat16"
            })
    void greedyTokensThroughTheCacheAreTransformersToo(String name) {
        JsonNode numbers = GoldenFixtures.numbers(name);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            for (TokenRow other : GoldenFixtures.rows(numbers)) {
                assertCachedGreedy(lm, numbers.get("greedy"), other.ids());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama-llama3-rope-old", "llama-linear-rope", "mistral", "qwen2", "qwen2-window"})
    void anOldStyleConfigRewrittenInTheNewStyleMeansTheSame(String name) {
        Path edited = GoldenFixtures.copy(GoldenFixtures.directory(name), temp.resolve(name));
        GoldenFixtures.editConfig(edited, GoldenModelsTest::toNewStyle);
        try (CausalLm lm = CausalLm.load(edited, Device.CPU)) {
            assertLogprobs(lm, GoldenFixtures.numbers(name));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-biases", "llama-sharded", "mistral-float16", "qwen2-window", "qwen3-bfloat16"})
    void aSavedModelKeepsItsNumbers(String name) {
        Path saved = temp.resolve(name);
        try (CausalLm lm = CausalLm.load(GoldenFixtures.directory(name), Device.CPU)) {
            lm.save(saved, WeightType.F32);
        }
        try (CausalLm lm = CausalLm.load(saved, Device.CPU)) {
            assertLogprobs(lm, GoldenFixtures.numbers(name));
        }
    }

    @Test
    void aRealModelOfStories() {
        Path directory = SharedFiles.require("models/stories260k");
        JsonNode numbers = GoldenFixtures.numbers("stories260k");
        try (CausalLm lm = CausalLm.load(directory, Device.CPU)) {
            assertLogprobs(lm, numbers);
            numbers.get("greedy").forEach(greedy -> assertGreedy(lm, greedy));
        }
        Path classifier = GoldenFixtures.copy(directory, temp.resolve("classifier"));
        GoldenFixtures.addSineHead(classifier, 64);
        GoldenRewardTest.assertScores(classifier, numbers, TOLERANCE);
    }

    /** Log-probabilities and entropies at both temperatures, all rows in one padded batch. */
    static void assertLogprobs(CausalLm lm, JsonNode numbers) {
        for (double temperature : new double[] {1.0, 0.7}) {
            TokenLogprobs found = lm.logprobs(GoldenFixtures.rows(numbers), temperature);
            assertClose(found.logprobs(), GoldenFixtures.perToken(numbers, "logprobs", temperature));
            assertClose(found.entropies(), GoldenFixtures.perToken(numbers, "entropies", temperature));
        }
    }

    private static void assertClose(double[][] found, double[][] wanted) {
        assertThat(GoldenFixtures.largestGap(found, wanted)).isLessThan(TOLERANCE);
    }

    /** By passes over the whole text. */
    static void assertGreedy(CausalLm lm, JsonNode greedy) {
        int[] wanted = decidedTokens(greedy);
        int[] found = GoldenFixtures.greedy(lm, GoldenFixtures.ints(greedy.get("prompt")), wanted.length);
        assertThat(found).isEqualTo(wanted);
    }

    /** Through the cache, twice beside a prompt of another length. */
    static void assertCachedGreedy(CausalLm lm, JsonNode greedy, int[] other) {
        int[] whole = decidedTokens(greedy);
        int[] wanted = greedy.has("cached") ? GoldenFixtures.ints(greedy.get("cached")) : whole;
        int[] prompt = GoldenFixtures.ints(greedy.get("prompt"));
        assertThat(GoldenFixtures.cachedGreedy(lm, prompt, other, wanted.length))
                .hasSize(2)
                .allSatisfy(found -> assertThat(found).isEqualTo(wanted));
    }

    /**
     * The two best logits were at least 0.01 apart at every step, a hundred times the tolerance, so rounding decides no
     * token.
     */
    private static int[] decidedTokens(JsonNode greedy) {
        assertThat(greedy.get("least_gap").doubleValue()).isGreaterThan(100 * TOLERANCE);
        return GoldenFixtures.ints(greedy.get("tokens"));
    }

    private static void toNewStyle(ObjectNode config) {
        ObjectNode rope = config.putObject("rope_parameters");
        rope.put("rope_type", "default");
        rope.set("rope_theta", config.remove("rope_theta"));
        JsonNode scaling = config.remove("rope_scaling");
        scaling.properties().forEach(entry -> {
            String key = entry.getKey().equals("type") ? "rope_type" : entry.getKey();
            rope.set(key, entry.getValue());
        });
        config.set("dtype", config.remove("torch_dtype"));
    }
}
