package dev.flipside.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.algo.Calibration;
import dev.flipside.algo.RankCorrelation;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class MeasuresTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final double[] X = {0.3, -1.2, 2.5, 0.3, 0.9, -0.4, 1.7, 2.5};
    private static final double[] Y = {1.0, -0.5, 1.0, 0.2, 2.2, -0.5, 0.4, 3.1};
    private static final double[] Z = {4, 7, 9, 4, 5, 3, 8, 6};

    /**
     * Goldens by SciPy 1.17.1: kendalltau (tau-b) of each half; the Pearson correlation of the residuals of rankdata(X)
     * and rankdata(Y) after least squares on rankdata(Z); expected calibration error written out in NumPy with ten bins
     * on [0.5, 1].
     */
    @Test
    void agreesWithSciPy() {
        double[][] x = {Arrays.copyOf(X, 4), Arrays.copyOfRange(X, 4, 8)};
        double[][] y = {Arrays.copyOf(Y, 4), Arrays.copyOfRange(Y, 4, 8)};
        assertThat(RankCorrelation.groupKendall(x, y)).isCloseTo((0.8 + 2.0 / 3) / 2, EXACT);
        assertThat(RankCorrelation.partialSpearman(X, Y, Z)).isCloseTo(0.8193531303775832, EXACT);
        double[] p = Calibration.probabilities(X, Y);
        assertThat(Calibration.expectedCalibrationError(p, 10)).isCloseTo(0.4607711206869652, EXACT);
        assertThat(Calibration.brier(p)).isCloseTo(0.3072242193716864, EXACT);
    }

    @Test
    void partialCorrelationTakesAwayWhatTheThirdExplains() {
        // x and y only share z: at equal z nothing is left. Four points, z decides the sum of two orthogonal parts.
        double[] z = {-1, -1, 1, 1};
        double[] x = {-3, -1, 1, 3};
        double[] y = {-1, -3, 3, 1};
        assertThat(RankCorrelation.spearman(x, y)).isCloseTo(0.6, EXACT);
        assertThat(RankCorrelation.partialSpearman(x, y, z)).isCloseTo(-1, EXACT);
        assertThat(RankCorrelation.partialSpearman(x, y, x)).isNaN();
        // A level per group is no correlation.
        double[] raised = {97, 99, 1, 3};
        assertThat(RankCorrelation.groupPartialSpearman(raised, y, new double[] {0, 0, 0, 0}, 2))
                .isCloseTo(RankCorrelation.groupSpearman(raised, y, 2), EXACT);
    }

    @Test
    void kendallLeavesOutGroupsWithoutAnOrder() {
        double[][] x = {{1, 2, 3}, {5, 5, 5}};
        assertThat(RankCorrelation.groupKendall(x, new double[][] {{1, 2, 3}, {1, 2, 3}}))
                .isEqualTo(1.0);
        assertThat(RankCorrelation.groupKendall(x, new double[][] {{3, 2, 1}, {1, 2, 3}}))
                .isEqualTo(-1.0);
        assertThat(RankCorrelation.groupKendall(new double[][] {{5, 5}}, new double[][] {{1, 2}}))
                .isNaN();
    }

    @Test
    void diversity() {
        List<int[]> texts = List.of(new int[] {1, 2, 1, 2}, new int[] {1, 2, 1, 2}, new int[] {3}, new int[] {4, 2});
        // 11 tokens of which 4 differ; bigrams 12 21 12 twice and 42 once: 3 of 7.
        assertThat(Diversity.distinct(texts, 1)).isEqualTo(4.0 / 11);
        assertThat(Diversity.distinct(texts, 2)).isEqualTo(3.0 / 7);
        assertThat(Diversity.distinct(texts, 5)).isNaN();
        assertThat(Diversity.uniqueFraction(texts, 2)).isEqualTo(0.75);
        assertThat(Diversity.uniqueFraction(texts, 1)).isEqualTo(1.0);
    }

    @Test
    void nearTies() {
        // Two heaps of two: std is sqrt(1/3), a twentieth of it .029; 2 of 6 pairs are closer.
        double[][] heaps = {{0, 0.01, 1, 1.01}};
        assertThat(NearTies.fraction(heaps)).isEqualTo(2.0 / 6);
        assertThat(NearTies.fraction(new double[][] {{0, 1, 2, 3}})).isZero();
        assertThat(NearTies.fraction(new double[][] {{2, 2, 2}})).isEqualTo(1);
        assertThat(NearTies.fraction(new double[][] {{2}})).isNaN();
        double[][] scaled = {Arrays.stream(heaps[0]).map(r -> 100 * r - 7).toArray()};
        assertThat(NearTies.fraction(scaled)).isEqualTo(NearTies.fraction(heaps));
    }

    @Test
    void decilesByGrowingAdvantage() {
        double[] advantages = new double[21];
        double[] truth = new double[21];
        for (int i = 0; i < 20; i++) {
            // |A| is 1 to 20; wrong on the four smallest, and the signs alternate.
            advantages[i] = (i % 2 == 0 ? 1 : -1) * (i + 1.0);
            truth[i] = (i < 4 ? -1 : 1) * Math.signum(advantages[i]);
        }
        advantages[20] = 99; // truth 0: cannot be judged
        assertThat(AdvantageDeciles.accuracy(advantages, truth)).containsExactly(0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        double[] few = AdvantageDeciles.accuracy(new double[] {1, -2}, new double[] {1, 1});
        assertThat(few[4]).isEqualTo(1);
        assertThat(few[9]).isZero();
        assertThat(few[0]).isNaN();
        assertThatThrownBy(() -> AdvantageDeciles.accuracy(advantages, few))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void pairsAroundTheAnchor() {
        // right around it, wrong around it, both above in order, both below out of order, chosen exactly on it
        AnchoredPairs pairs = new AnchoredPairs(new double[] {1, -1, 3, -3, 0}, new double[] {-1, 1, 1, -1, -1});
        assertThat(pairs.anchoredFraction()).isEqualTo(0.2);
        assertThat(pairs.straddlingFraction()).isEqualTo(0.4);
        assertThat(pairs.straddlingAccuracy()).isEqualTo(0.5);
        assertThat(pairs.oneSidedAccuracy()).isEqualTo(2.0 / 3);
        // chosen above: pairs 1 and 3; rejected below: 1, 4 and 5
        assertThat(pairs.labelAccuracy()).isEqualTo(0.5);
        AnchoredPairs better = new AnchoredPairs(new double[] {1, 2, 3, -3, 1}, new double[] {2, 1, 1, -1, -1});
        // not rightly labelled before: all but the first; now in order: the second, third and fifth
        assertThat(better.accuracyWhereWrong(pairs)).isEqualTo(0.75);
        AnchoredPairs perfect = new AnchoredPairs(new double[] {1}, new double[] {-1});
        assertThat(perfect.accuracyWhereWrong(perfect)).isNaN();
        assertThat(perfect.labelCorrelation()).isEqualTo(1);
    }

    @Test
    void shiftOfFixedTexts() {
        // std at first: sqrt of ((9 + 1 + 1 + 9) / 3)
        ScoreShift.Scored first = new ScoreShift.Scored(new double[] {-3, -1, 1, 3}, new double[] {0, 0});
        ScoreShift.Scored now = new ScoreShift.Scored(new double[] {-5, -1, 7, 3}, new double[] {1, -3});
        double std = Math.sqrt(20.0 / 3);
        ScoreShift shift = ScoreShift.of(first, now, 2);
        // now: mean 1, squares 36 + 4 + 36 + 4
        assertThat(shift.stdRatio()).isCloseTo(Math.sqrt(80.0 / 3) / std, EXACT);
        assertThat(shift.levelShift()).isCloseTo(1 / std, EXACT);
        assertThat(shift.anchorDrift()).isCloseTo(2 / std, EXACT);
        assertThat(shift.kendallTau()).isZero(); // one group kept its order, the other turned
        ScoreShift none = ScoreShift.of(first, first, 2);
        assertThat(none).isEqualTo(new ScoreShift(1, 0, 1, 0));
    }
}
