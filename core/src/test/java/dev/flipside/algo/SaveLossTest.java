package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static dev.flipside.algo.Numbers.assertGradient;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.algo.AnchoredContrast.Form;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients, splits and edges of the losses that train the reward model and its value head. */
class SaveLossTest {
    // Other orders of the same few sums of order 1.
    private static final double SAME = 1e-12;
    private static final int[][] LABELS = {
        {1, -1, 0, 1}, {1, 1, 0, 0}, {-1, 0, 1, -1}, {0, 0, 0, 0}, {-1, -1, -1, 1}, {0, -1, -1, 0}
    };

    private static double[][] rewards() {
        return Numbers.normal(new Random(3), 0.2, 1.0, 4, 4, 4, 4, 4, 4);
    }

    private static double[] anchors() {
        return Numbers.normal(new Random(4), 0.1, 0.5, 6)[0];
    }

    private static AnchoredContrast.Options options(Form form) {
        return new AnchoredContrast.Options(form, 0.05, OptionalDouble.of(0.9));
    }

    private static AnchoredContrast.Evaluation contrast(double[][] rewards, double[] anchors, Form form) {
        return AnchoredContrast.evaluate(
                rewards,
                Anchors.value(anchors, rewards),
                LABELS,
                AnchoredContrast.normaliser(form, LABELS),
                options(form));
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void contrastGradientIsThatOfFiniteDifferences(Form form) {
        double[][] r = rewards();
        double[] v = anchors();
        AnchoredContrast.Evaluation ours = contrast(r, v, form);
        assertGradient(r, ours.gradRewards(), p -> contrast(p, v, form).loss());
        assertGradient(v, ours.gradAnchor(), p -> contrast(r, p, form).loss());
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void contrastOfAnySplitByPromptsIsThatOfTheWhole(Form form) {
        double[][] r = rewards();
        double[][] a = Anchors.value(anchors(), r);
        AnchoredContrast.Evaluation whole = contrast(r, anchors(), form);
        double loss = 0;
        for (int[] part : new int[][] {{5, 0}, {4}, {1, 3, 2}}) {
            AnchoredContrast.Evaluation some = AnchoredContrast.evaluate(
                    pick(r, part),
                    pick(a, part),
                    Arrays.stream(part).mapToObj(i -> LABELS[i]).toArray(int[][]::new),
                    AnchoredContrast.normaliser(form, LABELS),
                    options(form));
            loss += some.loss();
            assertClose(some.gradRewards(), pick(whole.gradRewards(), part), SAME);
        }
        assertClose(loss, whole.loss(), SAME);
    }

    private static double[][] pick(double[][] rows, int[] chosen) {
        return Arrays.stream(chosen).mapToObj(i -> rows[i]).toArray(double[][]::new);
    }

    @Test
    void oneSidedPromptsTeachOnlyUnderAllKept() {
        int[][] oneSided = {{1, 1, 0, 0}};
        double[][] r = {{0.4, 0.2, 0.1, 0.9}};
        double[][] a = {{0, 0, 0, 0}};
        for (Form form : Form.values()) {
            AnchoredContrast.Evaluation ours = AnchoredContrast.evaluate(
                    r, a, oneSided, AnchoredContrast.normaliser(form, oneSided), options(form));
            assertThat(ours.loss() > 0).isEqualTo(form == Form.ANCHORED_ALL_KEPT);
            assertThat(ours.gradRewards()[0][0] < 0).isEqualTo(form == Form.ANCHORED_ALL_KEPT);
        }
    }

    @Test
    void positivesArePushedUpAndNegativesDown() {
        for (Form form : Form.values()) {
            AnchoredContrast.Evaluation ours = AnchoredContrast.evaluate(
                    rewards(),
                    Anchors.value(anchors(), rewards()),
                    LABELS,
                    1,
                    new AnchoredContrast.Options(form, 0, OptionalDouble.empty()));
            for (int j = 0; j < 4; j++) {
                assertThat(Math.signum(-ours.gradRewards()[0][j])).isEqualTo(LABELS[0][j]);
            }
        }
    }

    @Test
    void valueLossGradientsAndSplits() {
        double[] v = anchors();
        boolean[][] usable = Groups.allUsable(rewards());
        usable[1][2] = false;
        Arrays.fill(usable[3], false);
        for (ValueTarget target : ValueTarget.values()) {
            double[][] targets = target.targets(rewards(), usable);
            assertThat(targets[3]).isEmpty();
            int normaliser = ValueLoss.normaliser(targets);
            assertThat(normaliser).isEqualTo(5);
            ValueLoss.Evaluation whole = ValueLoss.evaluate(v, targets, normaliser);
            assertGradient(v, whole.gradValues(), p -> ValueLoss.evaluate(p, targets, normaliser)
                    .loss());
            assertThat(whole.gradValues()[3]).isZero();
            double first = ValueLoss.evaluate(
                            Arrays.copyOfRange(v, 0, 2), Arrays.copyOfRange(targets, 0, 2), normaliser)
                    .loss();
            double rest = ValueLoss.evaluate(Arrays.copyOfRange(v, 2, 6), Arrays.copyOfRange(targets, 2, 6), normaliser)
                    .loss();
            assertClose(first + rest, whole.loss(), SAME);
        }
    }

    @Test
    void leaveOneOutHasNoTargetForASingleSample() {
        assertThat(ValueTarget.LEAVE_ONE_OUT.targets(new double[][] {{3}}, new boolean[][] {{true}})[0])
                .isEmpty();
        assertThat(ValueTarget.GROUP_MEAN.targets(new double[][] {{3}}, new boolean[][] {{true}})[0])
                .containsExactly(3.0);
    }

    @Test
    void clippedValueLossGradient() {
        double[] v = {1.0, 0.2, 0.9, 0.45};
        double[] old = {0.5, 0.5, 0.5, 0.5};
        double[] targets = {1.1, 0, 0.6, 2};
        assertGradient(v, ValueLoss.clipped(v, old, targets, 0.2, 4).gradValues(), p -> ValueLoss.clipped(
                        p, old, targets, 0.2, 4)
                .loss());
    }

    @Test
    void centeringGradient() {
        double[][] r = rewards();
        assertGradient(r, Centering.evaluate(r, 0.3, 6).gradRewards(), p -> Centering.evaluate(p, 0.3, 6)
                .loss());
        double halves = Centering.evaluate(Arrays.copyOfRange(r, 0, 2), 0.3, 6).loss()
                + Centering.evaluate(Arrays.copyOfRange(r, 2, 6), 0.3, 6).loss();
        assertClose(halves, Centering.evaluate(r, 0.3, 6).loss(), SAME);
    }

    @Test
    void bradleyTerryGradientsAndSplits() {
        double[] chosen = rewards()[0];
        double[] rejected = rewards()[1];
        Optional<double[]> margins = Optional.of(new double[] {1, 0, 2.0 / 3, 1.0 / 3});
        BradleyTerry.Options options = new BradleyTerry.Options(0.1, 0.05);
        BradleyTerry.Evaluation whole = BradleyTerry.evaluate(chosen, rejected, margins, 4, options);
        assertGradient(chosen, whole.gradChosen(), p -> BradleyTerry.evaluate(p, rejected, margins, 4, options)
                .loss());
        assertGradient(rejected, whole.gradRejected(), p -> BradleyTerry.evaluate(chosen, p, margins, 4, options)
                .loss());
        double sum = 0;
        for (int i = 3; i >= 0; i--) {
            sum += BradleyTerry.evaluate(
                            new double[] {chosen[i]},
                            new double[] {rejected[i]},
                            Optional.of(new double[] {margins.get()[i]}),
                            4,
                            options)
                    .loss();
        }
        assertClose(sum, whole.loss(), SAME);
    }

    @Test
    void bradleyTerryIgnoresALevelPerPromptUnlessCentred() {
        double[] shifted = {5.3, 7.1};
        double[] level = {0.3, 2.1};
        for (double centering : new double[] {0, 0.01}) {
            BradleyTerry.Options options = new BradleyTerry.Options(0, centering);
            double moved = BradleyTerry.evaluate(shifted, new double[] {5, 8}, Optional.empty(), 2, options)
                    .loss();
            double base = BradleyTerry.evaluate(level, new double[] {0, 3}, Optional.empty(), 2, options)
                    .loss();
            assertThat(Math.abs(moved - base) < SAME).isEqualTo(centering == 0);
        }
    }

    @Test
    void tiesCountAsWrong() {
        BradleyTerry.Evaluation tie = BradleyTerry.evaluate(
                new double[] {1, 2}, new double[] {1, 1}, Optional.empty(), 2, new BradleyTerry.Options(0, 0));
        assertThat(tie.correct()).isOne();
    }

    @Test
    void smoothingOfOneHalfOrMoreIsRefused() {
        assertThatThrownBy(() -> new BradleyTerry.Options(0.5, 0)).hasMessageContaining("label smoothing is 0.5");
        assertThatThrownBy(() -> new AnchoredContrast.Options(Form.ANCHORED, -0.1, OptionalDouble.empty()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
