package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.algo.AnchoredContrast.Form;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What training a reward model on its own labels does and cannot do; each follows from the loss alone, and the
 * diagnostics of a run watch for it.
 */
class SaveFactsTest {
    private static final AnchoredContrast.Options PLAIN =
            new AnchoredContrast.Options(Form.ANCHORED, 0, OptionalDouble.empty());
    private static final FilterRule ALL = new FilterRule.None();

    private static AnchoredContrast.Evaluation selfLabelled(double[] rewards, double anchor) {
        double[][] r = {rewards};
        double[][] a = Anchors.value(new double[] {anchor}, r);
        return AnchoredContrast.evaluate(
                r, a, FeedbackFilter.label(r, a, Groups.allUsable(r), ALL).label(), 1, PLAIN);
    }

    @Test
    void anchoredLossBoundsBradleyTerryWhateverTheAnchor() {
        Random random = new Random(1);
        int[][] labels = {{1, -1}};
        for (int trial = 0; trial < 1000; trial++) {
            double[][] r = Numbers.normal(random, 0, 3, 2);
            double bradleyTerry = BradleyTerry.evaluate(
                            new double[] {r[0][0]},
                            new double[] {r[0][1]},
                            Optional.empty(),
                            1,
                            new BradleyTerry.Options(0, 0))
                    .loss();
            double anchor = 5 * random.nextGaussian();
            double midpoint = (r[0][0] + r[0][1]) / 2;
            double anywhere = anchored(r, anchor, labels);
            double tightest = anchored(r, midpoint, labels);
            // 1e-12 for rounding: far from the midpoint the two losses are equal in all their digits.
            assertThat(anywhere).isGreaterThanOrEqualTo(bradleyTerry - 1e-12);
            assertThat(anywhere).isGreaterThanOrEqualTo(tightest - 1e-12);
            assertClose(tightest, 2 * Logistic.softplus(-(r[0][0] - r[0][1]) / 2), 1e-12);
        }
    }

    private static double anchored(double[][] r, double anchor, int[][] labels) {
        return AnchoredContrast.evaluate(r, Anchors.value(new double[] {anchor}, r), labels, 1, PLAIN)
                .loss();
    }

    @Test
    void anchorsAreMovedByMultiplesOfTheUsableStandardDeviation() {
        double[][] rewards = {{1, 3, 100}, {5, 5, 5}};
        boolean[][] usable = {{true, true, false}, {true, true, true}};
        double[][] moved = Anchors.moved(new double[][] {{0, 1, 2}, {7, 7, 7}}, rewards, usable, p -> -2);
        // The usable rewards 1 and 3 have the standard deviation sqrt(2), equal ones 0.
        double by = -2 * Math.sqrt(2);
        assertThat(moved).isDeepEqualTo(new double[][] {{by, 1 + by, 2 + by}, {7, 7, 7}});
    }

    @Test
    void selfLabelsAreEntropyMinimisation() {
        double[] r = {1.3, -0.4};
        double anchor = 0.25;
        AnchoredContrast.Evaluation ours = selfLabelled(r, anchor);
        double expected = 0;
        for (int i = 0; i < 2; i++) {
            double p = Logistic.sigmoid(r[i] - anchor);
            expected -= Math.log(Math.max(p, 1 - p));
            double a = r[i] - anchor;
            // Rounding alone separates the two sides.
            assertClose(ours.gradRewards()[0][i], -Math.signum(a) * Logistic.sigmoid(-Math.abs(a)), 1e-15);
        }
        assertClose(ours.loss(), expected, 1e-15);
    }

    @Test
    void independentScoresMoveAwayFromTheAnchorInUnchangedOrderAndBunchUp() {
        double[] r = {0.9, 0.15, 0.5, -0.1, -0.8, -0.3, 1.4, 0.05};
        double anchor = 0.1;
        int[] order = order(r);
        double spreadBefore = 1.4 - 0.15;
        for (int step = 0; step < 300; step++) {
            double[] gradient = selfLabelled(r, anchor).gradRewards()[0];
            for (int i = 0; i < r.length; i++) {
                double before = Math.abs(r[i] - anchor);
                r[i] -= 0.05 * gradient[i];
                assertThat(Math.abs(r[i] - anchor)).isGreaterThan(before);
            }
            assertThat(order(r)).containsExactly(order);
        }
        double spreadAfter = r[6] - r[1];
        assertThat(spreadAfter).isBetween(0.0, 0.7 * spreadBefore);
        // ... while the two sides have moved apart: the scores become two values.
        assertThat(r[1] - r[7]).isGreaterThan(2.0);
    }

    private static int[] order(double[] r) {
        return IntStream.range(0, r.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> r[i]))
                .mapToInt(i -> i)
                .toArray();
    }

    /**
     * Linear rewards on Gaussian features: every filter pushes the weights along S w, towards the principal component
     * of the samples.
     */
    @Test
    void filterChangesTheStepButNotItsDirectionInTheLinearGaussianCase() {
        double[] scales = {2.0, 1.0, 0.5};
        double[] w = {0.4, 0.9, -1.0};
        double[] direction = new double[3];
        for (int k = 0; k < 3; k++) {
            direction[k] = scales[k] * scales[k] * w[k];
        }
        Random random = new Random(5);
        int n = 200_000;
        double[][] features = Numbers.normal(random, 0, 1, filled(n, 3));
        double[][] r = new double[1][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < 3; k++) {
                features[i][k] *= scales[k];
                r[0][i] += w[k] * features[i][k];
            }
        }
        double[][] a = new double[1][n];
        double previous = 0;
        for (double threshold : new double[] {0, 0.5, 1.5}) {
            int[][] labels = FeedbackFilter.label(r, a, Groups.allUsable(r), new FilterRule.Std(threshold, 0))
                    .label();
            double[] gradient =
                    AnchoredContrast.evaluate(r, a, labels, 1, PLAIN).gradRewards()[0];
            double[] push = new double[3];
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < 3; k++) {
                    push[k] -= gradient[i] * features[i][k];
                }
            }
            // The angle's standard error is about sqrt(2 / kept samples) < 0.01 (27,000 kept at 1.5 std); cos 0.999 is
            // an angle of 0.045.
            assertThat(cosine(push, direction)).isGreaterThan(0.999);
            assertThat(cosine(push, w)).isLessThan(0.9);
            double length = Math.sqrt(dot(push, push));
            assertThat(Math.abs(length - previous)).isGreaterThan(0.05 * length);
            previous = length;
        }
    }

    private static int[] filled(int length, int value) {
        int[] lengths = new int[length];
        Arrays.fill(lengths, value);
        return lengths;
    }

    private static double cosine(double[] x, double[] y) {
        return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    }

    private static double dot(double[] x, double[] y) {
        return IntStream.range(0, x.length).mapToDouble(k -> x[k] * y[k]).sum();
    }

    @Test
    void levelOfASkewedGroupDriftsWithoutARestoringForce() {
        double[] skewed = {2.0, -0.5, -0.6, -0.4, -0.5};
        double push = netPush(skewed, 0);
        double expected = Logistic.sigmoid(-2.0)
                - (2 * Logistic.sigmoid(-0.5) + Logistic.sigmoid(-0.6) + Logistic.sigmoid(-0.4)) / 4;
        assertClose(push, expected, 1e-15);
        assertThat(push).isLessThan(-0.1);
        // A symmetric group has no such push, and a level that has drifted is not pulled back: the push knows no level.
        assertClose(netPush(new double[] {1, 0.4, -0.4, -1}, 0), 0, 1e-15);
        double[] drifted = Arrays.stream(skewed).map(x -> x - 64).toArray();
        // Subtracting 64 costs at most 7e-15 in each reward.
        assertClose(netPush(drifted, -64), push, 1e-13);
        assertThat(Centering.evaluate(new double[][] {drifted}, 0.01, 1).gradRewards()[0][0])
                .isNegative();
    }

    private static double netPush(double[] rewards, double anchor) {
        return -Arrays.stream(selfLabelled(rewards, anchor).gradRewards()[0]).sum();
    }
}
