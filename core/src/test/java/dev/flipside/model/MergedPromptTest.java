package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows whose prompt merges with the reply: values, gradients and what is computed once. */
class MergedPromptTest {
    /** float32 sums in another order, of numbers of size about 1. */
    private static final double ROUNDING = 1e-5;

    private static final int[] PROMPT = {3, 4, 5, 6, 7, 8, 9, 10};
    private static final ScoredRow KEPT = new ScoredRow(new int[] {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 8);
    private static final ScoredRow MERGED =
            new ScoredRow(new int[] {3, 4, 5, 6, 7, 8, 9, 13, 14, 12}, 7, Optional.of(PROMPT));
    private static final ScoredRow ALONE =
            new ScoredRow(new int[] {20, 21, 22, 15, 12}, 3, Optional.of(new int[] {20, 21, 22, 23}));

    @TempDir
    Path directory;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    private RewardModel model() {
        Path path =
                TinyModels.llama().config(c -> c.put("initializer_range", 0.3)).write(directory.resolve("m"));
        RewardModel model = RewardModel.fromBackbone(path, Device.CPU, new Seeds(2));
        model.setValueHead(
                new SplittableRandom(1)
                        .doubles(model.files().config().hiddenSize(), -1, 1)
                        .toArray(),
                0.5);
        return model;
    }

    @Test
    void theValueIsThatOfThePromptAloneWhateverFollows() {
        try (RewardModel model = model()) {
            double[] alone = model.values(List.of(PROMPT, ALONE.prompt()));
            Scores scores = model.score(List.of(MERGED, KEPT, ALONE, MERGED));
            assertThat(scores.values()).hasSize(4);
            assertThat(scores.values()[0]).isCloseTo(alone[0], within(ROUNDING));
            assertThat(scores.values()[1]).isCloseTo(alone[0], within(ROUNDING));
            assertThat(scores.values()[2]).isCloseTo(alone[1], within(ROUNDING));
            assertThat(scores.values()[3]).isEqualTo(scores.values()[1]);
            double[] rewards = model.score(List.of(new ScoredRow(MERGED.ids(), 0), new ScoredRow(ALONE.ids(), 0)))
                    .rewards();
            assertThat(scores.rewards()[0]).isCloseTo(rewards[0], within(ROUNDING));
            assertThat(scores.rewards()[2]).isCloseTo(rewards[1], within(ROUNDING));
        }
    }

    @Test
    void gradientsOfValuesReachTheModelThroughThePromptAlone() {
        double[] gradRewards = {0.3, -0.7, 0.2};
        double[] gradValues = {0.4, -0.1, 0.9};
        // The same, with every prompt written out as a row of its own.
        List<ScoredRow> apart = List.of(
                new ScoredRow(MERGED.ids(), 0),
                KEPT,
                new ScoredRow(ALONE.ids(), 0),
                new ScoredRow(PROMPT, PROMPT.length),
                new ScoredRow(ALONE.prompt(), 4));
        float[][] found = gradients(List.of(MERGED, KEPT, ALONE), gradRewards, gradValues);
        float[][] wanted = gradients(apart, new double[] {0.3, -0.7, 0.2, 0, 0}, new double[] {0, -0.1, 0, 0.4, 0.9});
        for (int p = 0; p < found.length; p++) {
            assertThat(norm(wanted[p])).isPositive();
            for (int i = 0; i < found[p].length; i++) {
                assertThat((double) found[p][i]).isCloseTo(wanted[p][i], within(10 * ROUNDING));
            }
        }
    }

    private float[][] gradients(List<ScoredRow> rows, double[] gradRewards, double[] gradValues) {
        try (RewardModel model = model();
                RewardPass pass = model.pass(rows, false)) {
            model.trunk().zeroGradient();
            model.valueHead().zeroGradient();
            pass.backward(gradRewards, gradValues, 1);
            return new float[][] {gradient(model.trunk()), gradient(model.valueHead())};
        }
    }

    private static float[] gradient(Parameters parameters) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.toFloats(parameters.gradient());
        }
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value * value;
        }
        return sum;
    }

    @Test
    void theLongestCommonBeginningIsSharedAndAPromptThatMergesEarlyStandsAlone() {
        PromptValues all = PromptValues.of(List.of(KEPT, MERGED, ALONE));
        assertThat(all.rows()).hasSize(4);
        assertThat(all.from()).containsExactly(0, 0, 3);
        assertThat(all.sharedLengths()).containsExactly(7, 7, 3, 3);
        ScoredRow early = new ScoredRow(new int[] {3, 4, 5, 30, 31, 32}, 3, Optional.of(PROMPT));
        assertThat(PromptValues.of(List.of(KEPT, early, KEPT)).sharedLengths()).containsExactly(8, 3, 8);
        assertThat(PromptValues.of(List.of(KEPT, KEPT)).rows()).hasSize(2);
    }

    @Test
    void aMergedPromptHasMoreTokensThanItShares() {
        assertThatThrownBy(() -> new ScoredRow(PROMPT, 8, Optional.of(PROMPT)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(MERGED.promptTokens()).isEqualTo(8);
        ScoredRow cut = MERGED.withoutFirst(2).upTo(7);
        assertThat(cut.ids()).containsExactly(5, 6, 7, 8, 9, 13, 14);
        assertThat(cut.prompt()).containsExactly(5, 6, 7, 8, 9, 10);
        assertThat(cut.promptLength()).isEqualTo(5);
    }
}
