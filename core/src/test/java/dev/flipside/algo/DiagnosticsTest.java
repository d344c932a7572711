package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ridge regression, explained variance, calibration, rank correlations, McNemar. */
class DiagnosticsTest {
    @Test
    void ridgeWithMoreFeaturesThanRowsSolvesTheNormalEquations() {
        Random random = new Random(7);
        double[][] x = Numbers.normal(random, 1, 1, 9, 9, 9, 9);
        double[] y = {1, -2, 0.5, 3};
        double lambda = 0.1;
        Ridge.Fit fit = Ridge.fit(x, y, lambda);
        double[] stationary = new double[9];
        double residuals = 0;
        for (int i = 0; i < 4; i++) {
            double residual = fit.predict(x[i]) - y[i];
            residuals += residual;
            for (int j = 0; j < 9; j++) {
                stationary[j] += residual * x[i][j] / 4;
            }
        }
        // At the minimum both derivatives vanish; the terms are of order 1.
        assertClose(residuals, 0, 1e-12);
        for (int j = 0; j < 9; j++) {
            assertClose(stationary[j] + lambda * fit.weights()[j], 0, 1e-12);
        }
        Ridge.Fit exact = Ridge.fit(x, y, 0);
        for (int i = 0; i < 4; i++) {
            assertClose(exact.predict(x[i]), y[i], 1e-10);
        }
    }

    @Test
    void ridgeOnConstantFeaturesIsTheMean() {
        Ridge.Fit fit = Ridge.fit(new double[][] {{2, 5}, {2, 5}, {2, 5}}, new double[] {1, 2, 6}, 0);
        assertThat(fit.weights()).containsOnly(0.0);
        assertClose(fit.intercept(), 3, 1e-15);
    }

    @Test
    void penaltyIsChosenOnRowsThatTheFitHasNotSeen() {
        Random random = new Random(8);
        double[][] x = Numbers.normal(random, 0, 1, repeat(24, 20));
        double[] signal = new double[24];
        double[] noise = new double[24];
        for (int i = 0; i < 24; i++) {
            signal[i] = 3 + 2 * x[i][0] - x[i][1];
            noise[i] = 3 + random.nextGaussian();
        }
        double[] lambdas = {1e-6, 0.1, 1e4};
        Ridge.Choice learned = Ridge.choose(x, signal, lambdas, 4);
        Ridge.Choice nothing = Ridge.choose(x, noise, lambdas, 4);
        assertThat(nothing.lambda()).isEqualTo(1e4);
        assertThat(learned.lambda()).isLessThan(1e4);
        double[][] trainX = rowsNotIn(x, 1);
        double[] trainY = Groups.flat(rowsNotIn(Groups.rows(signal, 1), 1));
        // The same regression on the same rows.
        assertClose(
                learned.heldOut()[5],
                Ridge.fit(trainX, trainY, learned.lambda()).predict(x[5]),
                1e-12);
        assertClose(
                learned.fit().weights(), Ridge.fit(x, signal, learned.lambda()).weights(), 1e-12);
        assertThat(Ridge.choose(x, new double[24], lambdas, 4).lambda()).isEqualTo(1e4);
        assertThatThrownBy(() -> Ridge.choose(x, signal, lambdas, 25)).hasMessageContaining("25 folds of 24 rows");
    }

    private static double[][] rowsNotIn(double[][] rows, int fold) {
        return IntStream.range(0, rows.length)
                .filter(i -> i % 4 != fold)
                .mapToObj(i -> rows[i])
                .toArray(double[][]::new);
    }

    private static int[] repeat(int times, int value) {
        int[] lengths = new int[times];
        Arrays.fill(lengths, value);
        return lengths;
    }

    @Test
    void ceilingIsWhatTheTrueMeansReach() {
        Random random = new Random(9);
        int prompts = 20_000;
        double[] truth = Numbers.normal(random, 0, 1, prompts)[0];
        double[][] rewards = new double[prompts][];
        for (int i = 0; i < prompts; i++) {
            rewards[i] = Numbers.normal(random, truth[i], 2, 8)[0];
        }
        ExplainedVariance ours = ExplainedVariance.of(truth, rewards);
        // 1 / (1 + 4 / 8); the standard error of both over 20,000 prompts is about 0.005.
        assertClose(ours.ceiling(), 2.0 / 3, 0.02);
        assertClose(ours.r2OverCeiling(), 1, 0.03);
        assertThat(ours.noWorseThanMean()).isTrue();
    }

    @Test
    void explainedVarianceOfPromptsThatDoNotDiffer() {
        ExplainedVariance constant = ExplainedVariance.of(new double[] {1, 2}, new double[][] {{0, 1}, {0, 1}});
        assertThat(constant.r2()).isNaN();
        assertThat(constant.ceiling()).isZero();
        assertThat(constant.r2OverCeiling()).isNaN();
        assertThat(constant.noWorseThanMean()).isFalse();
        assertThat(constant.measured()).isTrue();
        double[][] withSingle = {{0, 1}, {7}, {2, 3}};
        ExplainedVariance two = ExplainedVariance.of(new double[] {0.5, 0, 2.5}, withSingle);
        assertThat(two.r2()).isEqualTo(1.0);
        assertThat(two.measured()).isTrue();
        double[][] cut = {{0, 1}, {7}, {}};
        assertThat(ExplainedVariance.of(new double[] {0.5, 0, 2.5}, cut).measured())
                .isFalse();
    }

    @Test
    void calibrationOfKnownProbabilities() {
        // Bin [.75, 1]: confidences .9, .8 and accuracy 1/2; bin [.5, .75): .6 and accuracy 1. Gaps .7 and .4 of 3
        // pairs.
        double[] p = {0.9, 0.2, 0.6};
        assertClose(Calibration.expectedCalibrationError(p, 2), (0.7 + 0.4) / 3, 1e-15);
        assertClose(Calibration.brier(p), (0.01 + 0.64 + 0.16) / 3, 1e-15);
        assertThat(Calibration.expectedCalibrationError(new double[] {1, 1, 0.5}, 10))
                .isEqualTo(0.5 / 3);
        assertThat(Calibration.brier(new double[] {0.5})).isEqualTo(0.25);
        assertClose(Calibration.probabilities(new double[] {2000, 0}, new double[] {0, 2000}), new double[] {1, 0}, 0);
    }

    @Test
    void overconfidenceRaisesTheCalibrationError() {
        Random random = new Random(10);
        double[] honest = new double[20_000];
        double[] overconfident = new double[honest.length];
        for (int i = 0; i < honest.length; i++) {
            double logit = 1.5 * random.nextGaussian();
            // The label is the first answer with the probability that the honest model says.
            double sign = random.nextDouble() < Logistic.sigmoid(logit) ? 1 : -1;
            honest[i] = Logistic.sigmoid(sign * logit);
            overconfident[i] = Logistic.sigmoid(3 * sign * logit);
        }
        // Sampling error of ten bins of about 2,000 pairs: 0.01 each.
        assertThat(Calibration.expectedCalibrationError(honest, 10)).isLessThan(0.02);
        assertThat(Calibration.expectedCalibrationError(overconfident, 10)).isGreaterThan(0.08);
    }

    @Test
    void rankCorrelations() {
        double[] x = {1, 2, 3, 4};
        assertClose(RankCorrelation.spearman(x, new double[] {10, 100, 1000, 1e9}), 1, 1e-15);
        assertClose(RankCorrelation.kendall(x, new double[] {4, 3, 2, 1}), -1, 1e-15);
        // Ranks (1.5, 1.5, 3, 4) against (1, 2, 3, 4): 4.5 / sqrt(4.5 * 5).
        assertClose(RankCorrelation.spearman(new double[] {5, 5, 6, 7}, x), 4.5 / Math.sqrt(22.5), 1e-15);
        assertThat(RankCorrelation.spearman(x, new double[] {2, 2, 2, 2})).isZero();
        assertThat(RankCorrelation.kendall(new double[] {2, 2, 2, 2}, x)).isZero();
        assertThat(RankCorrelation.spearman(new double[0], new double[0])).isZero();
        assertClose(RankCorrelation.spearman(new double[] {1, Double.NaN, 3}, new double[] {5, 9, 4}), -1, 1e-15);
    }

    @Test
    void groupSpearmanForgetsTheLevelOfAPrompt() {
        double[] order = {0, 1, 2, 0, 1, 2};
        double[] levels = {100, 101, 102, -50, -49, -48};
        assertClose(RankCorrelation.groupSpearman(order, levels, 3), 1, 1e-15);
        assertThat(RankCorrelation.spearman(order, levels)).isLessThan(0.6);
        // 0.1 has no exact mean in binary; a constant side must stay constant.
        assertThat(RankCorrelation.groupSpearman(new double[] {0.1, 0.1, 0.1, 7.7, 7.7, 7.7}, order, 3))
                .isZero();
    }

    @Test
    void mcNemarCountsOnlyDisagreements() {
        McNemar test = McNemar.of(
                new boolean[] {true, true, true, false, false}, new boolean[] {true, false, false, true, false});
        assertThat(test).isEqualTo(new McNemar(2, 1));
        assertClose(test.pValue(), 0.5, 1e-12);
        assertThat(new McNemar(5, 0).significantlyWorse(0.03125)).isTrue();
        assertThat(new McNemar(0, 50).significantlyWorse(0.05)).isFalse();
    }
}
