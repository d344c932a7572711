package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FeedbackFilterTest {
    private static int[] label(double[] advantages, FilterRule rule) {
        double[][] r = {advantages};
        return FeedbackFilter.label(r, new double[1][advantages.length], Groups.allUsable(r), rule)
                .label()[0];
    }

    @Test
    void thresholdsAreStrict() {
        assertThat(label(new double[] {0.5, -0.5, 0.51, -0.51}, new FilterRule.Absolute(0.5)))
                .containsExactly(0, 0, 1, -1);
        assertThat(label(new double[] {0, -0.0, 1e-300, -1e-300}, new FilterRule.None()))
                .containsExactly(0, 0, 1, -1);
        // The std of {1, -1} is sqrt(2).
        assertThat(label(new double[] {1, -1}, new FilterRule.Std(Math.sqrt(0.5), 0)))
                .containsExactly(0, 0);
        assertThat(label(new double[] {1, -1}, new FilterRule.Std(0.7, 0))).containsExactly(1, -1);
    }

    @Test
    void floorKeepsNoiseFromBeingGraded() {
        double[] nearEqual = {1e-7, -1e-7, 2e-7, -2e-7};
        assertThat(label(nearEqual, new FilterRule.Std(0.5, 0))).containsExactly(1, -1, 1, -1);
        assertThat(label(nearEqual, new FilterRule.Std(0.5, 0.01))).containsOnly(0);
    }

    @Test
    void fractionTakesWholeSamplesAndNeedsTheSign() {
        assertThat(label(new double[] {4, 3, 2, 1}, new FilterRule.Fraction(0.5)))
                .containsExactly(1, 1, 0, 0);
        assertThat(label(new double[] {1, 1, -1, -1, -1}, new FilterRule.Fraction(0.2)))
                .containsExactly(1, 0, 0, 0, -1);
        double[] hundred = new double[100];
        Arrays.setAll(hundred, i -> 50.5 - i);
        assertThat(Arrays.stream(label(hundred, new FilterRule.Fraction(0.29))).filter(l -> l > 0))
                .hasSize(29);
    }

    @Test
    void cutCompletionsAreNeitherLabelledNorCounted() {
        double[][] r = {{9, 1, -1, 0.5}};
        boolean[][] usable = {{false, true, true, true}};
        for (FilterRule rule :
                new FilterRule[] {new FilterRule.None(), new FilterRule.Fraction(0.34), new FilterRule.Std(0.5, 0)}) {
            Feedback feedback = FeedbackFilter.label(r, new double[1][4], usable, rule);
            assertThat(Arrays.copyOf(feedback.label()[0], 3)).containsExactly(0, 1, -1);
        }
        Feedback all = FeedbackFilter.label(r, new double[1][4], usable, new FilterRule.None());
        assertClose(all.positiveFraction(), 2.0 / 3, 1e-15);
        assertClose(all.negativeFraction(), 1.0 / 3, 1e-15);
        assertClose(all.keptFraction(), 1.0, 1e-15);
        assertClose(Anchors.leaveOneOut(r, usable)[0], new double[] {0.5 / 3, -0.25, 0.75, 0}, 1e-15);
        assertClose(Anchors.mixture(new double[] {3}, r, usable, 0.25)[0][0], 0.25 * 3 + 0.75 * (0.5 / 3), 1e-15);
    }

    @Test
    void groupWithoutAUsableSampleTeachesNothing() {
        double[][] r = {{9, 1}};
        boolean[][] none = {{false, false}};
        for (double[][] anchors :
                new double[][][] {Anchors.leaveOneOut(r, none), Anchors.mixture(new double[] {0}, r, none, 0.5)}) {
            Feedback feedback = FeedbackFilter.label(r, anchors, none, new FilterRule.Std(0.5, 0.1));
            assertThat(feedback.label()[0]).containsOnly(0);
            assertThat(feedback.keptFraction()).isZero();
            assertThat(feedback.advantage()[0]).doesNotContain(Double.NaN);
        }
    }

    @Test
    void equalRewardsHaveNoLeaveOneOutAdvantage() {
        double[][] r = {{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}};
        boolean[][] usable = Groups.allUsable(r);
        Feedback feedback = FeedbackFilter.label(r, Anchors.leaveOneOut(r, usable), usable, new FilterRule.None());
        assertThat(feedback.advantage()[0]).containsOnly(0.0);
        assertThat(feedback.label()[0]).containsOnly(0);
    }

    @Test
    void labelsDoNotDependOnTheLevelOfRewardsAndAnchor() {
        double[][] r = Numbers.normal(new Random(2), 0, 1, 8, 8, 8);
        double[][] shifted = Arrays.stream(r)
                .map(row -> Arrays.stream(row).map(x -> x + 16).toArray())
                .toArray(double[][]::new);
        boolean[][] usable = Groups.allUsable(r);
        double[] v = {0.1, -0.2, 0.3};
        double[] shiftedV = Arrays.stream(v).map(x -> x + 16).toArray();
        for (FilterRule rule : new FilterRule[] {
            new FilterRule.Std(0.5, 0.1),
            new FilterRule.Absolute(0.3),
            new FilterRule.Fraction(0.3),
            new FilterRule.None()
        }) {
            assertThat(FeedbackFilter.label(shifted, Anchors.value(shiftedV, shifted), usable, rule)
                            .label())
                    .isDeepEqualTo(FeedbackFilter.label(r, Anchors.value(v, r), usable, rule)
                            .label());
        }
    }

    @Test
    void randomSignsKeepTheKeptSet() {
        int[][] labels = {{1, 0, -1}, {0, 1, 1}};
        assertThat(ControlLabels.randomSigns(labels, (prompt, sample) -> (prompt + sample) % 2 == 0))
                .isDeepEqualTo(new int[][] {{1, 0, 1}, {0, 1, -1}});
    }

    @Test
    void goldLabelsAreTheSignAgainstTheGroupMean() {
        double[][] gold = {{1, 0, 0, 1}, {0.5, 0.5 + 1e-7, 0.5, 0.5}, {3, 0, 0, 9}};
        boolean[][] usable = Groups.allUsable(gold);
        usable[2][3] = false;
        assertThat(ControlLabels.gold(gold, usable))
                .isDeepEqualTo(new int[][] {{1, -1, -1, 1}, {0, 0, 0, 0}, {1, -1, -1, 0}});
    }

    @Test
    void feedbackWithControlLabelsKeepsTheRest() {
        double[][] r = {{1, -1}};
        Feedback feedback = FeedbackFilter.label(r, new double[1][2], Groups.allUsable(r), new FilterRule.None());
        Feedback flipped = feedback.withLabels(new int[][] {{1, 1}});
        assertThat(feedback.bothSigns()).containsExactly(true);
        assertThat(flipped.bothSigns()).containsExactly(false);
        assertThat(flipped.advantage()).isSameAs(feedback.advantage());
    }

    @Test
    void valuesOutOfRangeAndWrongShapesAreRefused() {
        assertThatThrownBy(() -> new FilterRule.Fraction(0)).hasMessageContaining("q is 0.0");
        assertThatThrownBy(() -> new FilterRule.Std(-1, 0)).hasMessageContaining("threshold is -1.0");
        assertThatThrownBy(() -> new FilterRule.Absolute(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Anchors.value(new double[2], new double[3][1])).hasMessageContaining("values has 2");
        assertThatThrownBy(() -> Anchors.mixture(new double[1], new double[1][1], new boolean[1][1], 1.5))
                .hasMessageContaining("kappa");
    }
}
