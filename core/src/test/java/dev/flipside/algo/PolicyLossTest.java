package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static dev.flipside.algo.Numbers.assertGradient;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyLossTest {
    // Other orders of the same sums; the terms are of order 1.
    private static final double SAME = 1e-12;
    private static final int[] LENGTHS = {5, 1, 3, 7, 0, 4};
    private static final boolean[] INCLUDED = {true, true, false, true, true, true};

    /** A batch whose ratios lie on both sides of the clip ranges, far from their edges. */
    private record Batch(double[][] logprobs, double[][] old, double[][] ref, double[] advantages, boolean[] included) {
        static Batch random() {
            Random random = new Random(11);
            double[][] old = Numbers.normal(random, -2, 0.5, LENGTHS);
            double[][] logprobs = Numbers.normal(random, 0, 0.4, LENGTHS);
            double[][] ref = Numbers.normal(random, -2, 0.5, LENGTHS);
            for (int i = 0; i < old.length; i++) {
                for (int t = 0; t < old[i].length; t++) {
                    logprobs[i][t] += old[i][t];
                }
            }
            return new Batch(logprobs, old, ref, new double[] {1.5, -0.7, 2, -1.2, 1, 0.4}, INCLUDED);
        }

        Batch select(int... rows) {
            boolean[] chosen = new boolean[rows.length];
            double[] a = new double[rows.length];
            double[][][] m = new double[3][rows.length][];
            for (int i = 0; i < rows.length; i++) {
                m[0][i] = logprobs[rows[i]];
                m[1][i] = old[rows[i]];
                m[2][i] = ref[rows[i]];
                a[i] = advantages[rows[i]];
                chosen[i] = included[rows[i]];
            }
            return new Batch(m[0], m[1], m[2], a, chosen);
        }

        PolicyLoss.Evaluation evaluate(LossAggregation aggregation, PolicyLoss.Options options) {
            return PolicyLoss.evaluate(logprobs, old, Optional.of(ref), advantages, included, aggregation, options);
        }
    }

    private static PolicyLoss.Options options(ImportanceSampling level, Kl kl) {
        return new PolicyLoss.Options(level, new Surrogate.Clipped(0.2, 0.28, OptionalDouble.of(1.9)), 0.3, kl);
    }

    private static LossAggregation aggregation(LossType type) {
        return LossAggregation.of(type, LENGTHS, INCLUDED, 9, 40, 2);
    }

    static Stream<Arguments> levelsAndTypes() {
        List<Arguments> all = new ArrayList<>();
        for (ImportanceSampling level : ImportanceSampling.values()) {
            for (LossType type : LossType.values()) {
                all.add(Arguments.of(level, type));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("levelsAndTypes")
    void gradientIsThatOfFiniteDifferences(ImportanceSampling level, LossType type) {
        for (Kl kl : Kl.values()) {
            Batch batch = Batch.random();
            PolicyLoss.Evaluation whole = batch.evaluate(aggregation(type), options(level, kl));
            assertGradient(batch.logprobs, whole.gradient(), p -> batch.evaluate(aggregation(type), options(level, kl))
                    .loss());
        }
    }

    @ParameterizedTest
    @MethodSource("levelsAndTypes")
    void anyOrderAndAnySplitGiveTheSameLossGradientAndStatistics(ImportanceSampling level, LossType type) {
        Batch batch = Batch.random();
        PolicyLoss.Options options = options(level, Kl.K3);
        PolicyLoss.Evaluation whole = batch.evaluate(aggregation(type), options);
        int[][][] splits = {
            {{5, 3, 1, 0, 2, 4}}, {{0}, {1}, {2}, {3}, {4}, {5}}, {{4, 2}, {0, 5, 3}, {1}}, {{2}, {0, 1, 3, 4, 5}}
        };
        for (int[][] split : splits) {
            double loss = 0;
            double[][] gradient = new double[LENGTHS.length][];
            PolicyLossStatistics statistics = PolicyLossStatistics.empty();
            for (int[] rows : split) {
                PolicyLoss.Evaluation part = batch.select(rows).evaluate(aggregation(type), options);
                loss += part.loss();
                statistics = statistics.plus(part.statistics());
                for (int i = 0; i < rows.length; i++) {
                    gradient[rows[i]] = part.gradient()[i];
                }
            }
            assertClose(loss, whole.loss(), SAME);
            assertClose(gradient, whole.gradient(), SAME);
            assertThat(statistics.clipRatioRegion())
                    .isEqualTo(whole.statistics().clipRatioRegion());
            assertThat(statistics.ratioMax()).isEqualTo(whole.statistics().ratioMax());
            assertClose(statistics.ratioVariance(), whole.statistics().ratioVariance(), SAME);
            assertClose(statistics.kl(), whole.statistics().kl(), SAME);
        }
    }

    @ParameterizedTest
    @MethodSource("levelsAndTypes")
    void excludedCompletionsAreLeftOutOfEveryMean(ImportanceSampling level, LossType type) {
        Batch batch = Batch.random();
        Arrays.fill(batch.logprobs[2], Double.NaN);
        PolicyLoss.Evaluation whole = batch.evaluate(aggregation(type), options(level, Kl.K3));
        int[] kept = {0, 1, 3, 5};
        int[] lengths = {5, 1, 7, 4};
        boolean[] all = {true, true, true, true};
        PolicyLoss.Evaluation without =
                batch.select(kept).evaluate(LossAggregation.of(type, lengths, all, 9, 40, 2), options(level, Kl.K3));
        assertClose(whole.loss(), without.loss(), SAME);
        assertThat(whole.gradient()[2]).containsOnly(0.0);
        assertThat(whole.statistics().excluded()).isEqualTo(2);
        assertThat(whole.statistics().sequences()).isEqualTo(4);
        assertThat(whole.statistics().tokens()).isEqualTo(17);
    }

    @ParameterizedTest
    @MethodSource("levelsAndTypes")
    void onPolicyTheGradientIsReinforce(ImportanceSampling level, LossType type) {
        Batch batch = Batch.random();
        Batch onPolicy = new Batch(batch.old, batch.old, batch.ref, batch.advantages, batch.included);
        PolicyLoss.Options options =
                new PolicyLoss.Options(level, new Surrogate.Clipped(0.2, 0.2, OptionalDouble.empty()), 0, Kl.K3);
        double[][] gradient = onPolicy.evaluate(aggregation(type), options).gradient();
        // The whole-sequence ratio belongs to every token, so each token's gradient carries the sequence's weight.
        int tokens = level == ImportanceSampling.SEQUENCE_SUM ? 7 : 1;
        double expected = 1.2 * aggregation(type).tokenWeight(7) * tokens;
        for (double g : gradient[3]) {
            assertClose(g, expected, SAME);
        }
    }

    @Test
    void sequenceRatiosUnderGrpoAreThePlainMeanOverCompletions() {
        Batch batch = Batch.random();
        PolicyLoss.Options options = new PolicyLoss.Options(
                ImportanceSampling.SEQUENCE_SUM, new Surrogate.Clipped(0.2, 0.2, OptionalDouble.empty()), 0, Kl.K3);
        double mean = 0;
        for (int i : new int[] {0, 1, 3, 5}) {
            double logRatio = 0;
            for (int t = 0; t < LENGTHS[i]; t++) {
                logRatio += batch.logprobs[i][t] - batch.old[i][t];
            }
            double ratio = Math.exp(logRatio);
            double clipped = Math.max(0.8, Math.min(1.2, ratio));
            mean -= Math.min(ratio * batch.advantages[i], clipped * batch.advantages[i]) / 4;
        }
        assertClose(batch.evaluate(aggregation(LossType.GRPO), options).loss(), mean, SAME);
    }

    @Test
    void dapoDividesByTheShareOfTheGenerationBatch() {
        assertThat(LossAggregation.dapo(120, 4).divisor()).isEqualTo(30);
        assertThat(LossAggregation.tokens(LENGTHS, INCLUDED)).isEqualTo(17);
        assertThat(LossAggregation.bnpo(LENGTHS, INCLUDED).divisor()).isEqualTo(17);
        assertThat(LossAggregation.grpo(LENGTHS, INCLUDED).divisor()).isEqualTo(4);
        assertThat(LossAggregation.drGrpo(LENGTHS, INCLUDED, 9).divisor()).isEqualTo(36);
    }

    @Test
    void batchInWhichNothingTakesPartHasLossZero() {
        boolean[] none = {false};
        for (LossType type : LossType.values()) {
            PolicyLoss.Evaluation empty = PolicyLoss.evaluate(
                    new double[][] {{-1}},
                    new double[][] {{-2}},
                    Optional.empty(),
                    new double[] {1},
                    none,
                    LossAggregation.of(type, new int[] {1}, none, 8, 0, 1),
                    new PolicyLoss.Options(
                            ImportanceSampling.TOKEN,
                            new Surrogate.Clipped(0.2, 0.2, OptionalDouble.empty()),
                            0,
                            Kl.K3));
            assertThat(empty.loss()).isZero();
            assertThat(empty.gradient()).isDeepEqualTo(new double[][] {{0}});
            assertThat(empty.statistics().clipRatioRegion()).isZero();
        }
    }

    @Test
    void clippedSidesAreCountedApart() {
        double[][] logprobs = {{Math.log(1.5), Math.log(0.5)}, {Math.log(0.5), Math.log(1.5)}};
        PolicyLossStatistics statistics = PolicyLoss.evaluate(
                        logprobs,
                        new double[2][2],
                        Optional.empty(),
                        new double[] {1, -1},
                        new boolean[] {true, true},
                        LossAggregation.dapo(4, 1),
                        new PolicyLoss.Options(
                                ImportanceSampling.TOKEN,
                                new Surrogate.Clipped(0.2, 0.28, OptionalDouble.empty()),
                                0,
                                Kl.K3))
                .statistics();
        assertThat(statistics.clipRatioHigh()).isEqualTo(0.25);
        assertThat(statistics.clipRatioLow()).isEqualTo(0.25);
        assertThat(statistics.clipRatioRegion()).isEqualTo(0.5);
        assertClose(statistics.ratioMean(), 1.0, SAME);
        assertClose(statistics.ratioVariance(), 0.25, SAME);
    }

    @Test
    void logRatioIsNotClamped() {
        PolicyLoss.Evaluation far = PolicyLoss.evaluate(
                new double[][] {{0}},
                new double[][] {{-800}},
                Optional.empty(),
                new double[] {-1},
                new boolean[] {true},
                LossAggregation.dapo(1, 1),
                new PolicyLoss.Options(
                        ImportanceSampling.TOKEN, new Surrogate.Clipped(0.2, 0.2, OptionalDouble.empty()), 0, Kl.K3));
        assertThat(far.loss()).isInfinite();
    }

    @Test
    void wrongShapesAndOptionsAreRefused() {
        Batch batch = Batch.random();
        PolicyLoss.Options options = options(ImportanceSampling.TOKEN, Kl.K3);
        assertThatThrownBy(() -> PolicyLoss.evaluate(
                        batch.logprobs,
                        batch.old,
                        Optional.empty(),
                        batch.advantages,
                        INCLUDED,
                        aggregation(LossType.DAPO),
                        options))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("beta");
        double[][] shorter = batch.old.clone();
        shorter[3] = new double[6];
        assertThatThrownBy(() -> PolicyLoss.evaluate(
                        batch.logprobs,
                        shorter,
                        Optional.of(batch.ref),
                        batch.advantages,
                        INCLUDED,
                        aggregation(LossType.DAPO),
                        options))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logprobs[3] has 7 entries");
        assertThatThrownBy(() -> new PolicyLoss.Options(
                        ImportanceSampling.TOKEN, new Surrogate.Clipped(0.2, 0.2, OptionalDouble.of(1.1)), 0, Kl.K3))
                .hasMessageContaining("delta");
    }
}
