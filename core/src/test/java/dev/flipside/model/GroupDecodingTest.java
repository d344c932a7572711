package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The planned steps against the layers that training runs. */
class GroupDecodingTest {
    /** float32 sums in another order, of scores of size about 10. */
    private static final float ROUNDING = 1e-4f;

    private static final int STEPS = 40;

    @TempDir
    Path directory;

    @BeforeEach
    void load() {
        NativeLibrary.load();
    }

    private CausalLm lm(String family, boolean biases, boolean tied) {
        return TinyModels.of(family)
                .config(c -> c.put("attention_bias", biases)
                        .put("mlp_bias", biases && family.equals("llama"))
                        .put("tie_word_embeddings", tied))
                .lm(directory.resolve(family + biases + tied));
    }

    /** Which rows go on after a step, of those that are left; empty for all. */
    private static int[] survivors(int step, int rows) {
        return switch (step) {
            case 2 -> IntStream.range(0, rows).filter(r -> r != 1).toArray();
            case 4 -> IntStream.range(0, rows).filter(r -> r % 3 != 0).toArray();
            case 7 -> IntStream.range(rows / 2, rows).toArray();
            case 9 -> new int[] {rows - 1};
            default -> new int[0];
        };
    }

    @ParameterizedTest
    @CsvSource({
        "llama,false,false,0",
        "llama,true,true,9",
        "mistral,false,true,0",
        "qwen2,false,false,0",
        "qwen3,false,true,0",
        "qwen3,true,false,5"
    })
    void scoresEqualThoseOfTheCachedLayers(String family, boolean biases, boolean tied, int promptLength) {
        SplittableRandom random = new SplittableRandom(6);
        List<int[]> prompts = IntStream.range(0, 3)
                .mapToObj(i -> TinyModels.ids(random, promptLength > 0 ? promptLength : 2 + random.nextInt(9)))
                .toList();
        try (CausalLm lm = lm(family, biases, tied)) {
            assertEqualSteps(lm, prompts, random);
        }
    }

    /** Rotated queries and keys are scaled, and texts pass the original context. */
    @Test
    void yarnIsDecodedInPlannedSteps() {
        SplittableRandom random = new SplittableRandom(6);
        List<int[]> prompts = IntStream.range(0, 3)
                .mapToObj(i -> TinyModels.ids(random, 2 + random.nextInt(9)))
                .toList();
        try (CausalLm lm = TinyModels.llama()
                .config(c -> c.putObject("rope_scaling")
                        .put("rope_type", "yarn")
                        .put("factor", 4)
                        .put("original_max_position_embeddings", 16))
                .lm(directory.resolve("yarn"))) {
            assertEqualSteps(lm, prompts, random);
        }
    }

    private static void assertEqualSteps(CausalLm lm, List<int[]> prompts, SplittableRandom random) {
        int samples = 4;
        assertThat(lm.decoder().plan().decoding()).isTrue();
        int[] copies = new int[prompts.size()];
        Arrays.fill(copies, samples);
        try (KvCache cache = lm.decoder().prefill(prompts, copies, STEPS);
                DecodingWeights weights = new DecodingWeights(lm.decoder(), prompts.size() * samples);
                GroupDecoding groups = new GroupDecoding(weights, prompts, samples, STEPS)) {
            int rows = prompts.size() * samples;
            try (Scopes.Frozen scope = Scopes.frozen()) {
                assertClose(Tensors.toFloats(groups.promptHidden()), Tensors.toFloats(cache.promptHidden()));
            }
            for (int step = 0; step < STEPS; step++) {
                int[] kept = survivors(step, rows);
                if (kept.length > 0) {
                    cache.keepRows(kept);
                    groups.keepRows(kept);
                    rows = kept.length;
                }
                int[] tokens = TinyModels.ids(random, rows);
                long[] longs = Arrays.stream(tokens).asLongStream().toArray();
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    float[] expected = Tensors.toFloats(
                            lm.decoder().logits(lm.decoder().step(Tensors.ofLongs(longs, Device.CPU, rows), cache)));
                    assertClose(Tensors.toFloats(groups.step(tokens)), expected);
                }
            }
            assertThat(rows).isEqualTo(1);
            assertThatThrownBy(() -> groups.step(new int[] {3})).hasMessageContaining("full");
        }
    }

    /**
     * oneDNN splits the sums of wide products where it does not split those of tiny models, so one block has SmolLM2's
     * widths.
     */
    @ParameterizedTest
    @CsvSource({"1,5", "4,36"})
    void wideBlocksEqualThoseOfTheCachedLayers(int samples, int promptLength) {
        int vocabulary = 500;
        TinyModels.llama()
                .config(c -> c.put("vocab_size", vocabulary)
                        .put("num_hidden_layers", 1)
                        .put("hidden_size", 576)
                        .put("intermediate_size", 1536)
                        .put("num_attention_heads", 9)
                        .put("num_key_value_heads", 3)
                        .put("head_dim", 64)
                        .put("tie_word_embeddings", true))
                .writeConfig(directory);
        SplittableRandom random = new SplittableRandom(7);
        List<int[]> prompts = List.of(random.ints(promptLength, 3, vocabulary).toArray());
        try (CausalLm lm = CausalLm.untrained(directory, Device.CPU, new Seeds(3));
                KvCache cache = lm.decoder().prefill(prompts, new int[] {samples}, 3);
                DecodingWeights weights = new DecodingWeights(lm.decoder(), samples);
                GroupDecoding groups = new GroupDecoding(weights, prompts, samples, 3)) {
            for (int step = 0; step < 3; step++) {
                int[] tokens = random.ints(samples, 3, vocabulary).toArray();
                long[] longs = Arrays.stream(tokens).asLongStream().toArray();
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    float[] expected = Tensors.toFloats(
                            lm.decoder().logits(lm.decoder().step(Tensors.ofLongs(longs, Device.CPU, samples), cache)));
                    assertClose(Tensors.toFloats(groups.step(tokens)), expected);
                }
            }
        }
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], org.assertj.core.api.Assertions.within(ROUNDING));
        }
    }

    @Test
    void slidingWindowsAndForeignIdsAreRefused() {
        try (CausalLm sliding = TinyModels.of("mistral")
                        .config(c -> c.put("sliding_window", 5))
                        .lm(directory.resolve("sliding"));
                CausalLm lm = lm("llama", false, false);
                DecodingWeights weights = new DecodingWeights(lm.decoder(), 2)) {
            assertThat(sliding.decoder().plan().decoding()).isFalse();
            assertThatThrownBy(() -> new GroupDecoding(weights, List.of(new int[] {TinyModels.VOCAB}), 2, 2))
                    .isInstanceOf(UserError.class);
        }
    }

    @Test
    void packedWeightsKnowWhenTheModelHasChanged() {
        try (CausalLm lm = lm("llama", false, true);
                CausalLm other = lm("llama", false, true);
                DecodingWeights weights = new DecodingWeights(lm.decoder(), 2);
                AdamW optimiser = new AdamW(
                        List.of(new ParameterGroup("policy", lm.parameters(), 0)),
                        OptimiserConfig.withLearningRate(1e-3))) {
            lm.logprobs(List.of(new TokenRow(new int[] {4, 5, 6}, 1)), 1);
            assertThat(weights.current()).isTrue();
            optimiser.step(1, 1e-3);
            assertThat(weights.current()).isFalse();
            try (DecodingWeights anew = new DecodingWeights(lm.decoder(), 2)) {
                assertThat(anew.current()).isTrue();
                lm.parameters().copyFrom(other.parameters());
                assertThat(anew.current()).isFalse();
            }
        }
    }
}
