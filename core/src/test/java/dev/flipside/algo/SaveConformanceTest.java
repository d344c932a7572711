package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;
import static dev.flipside.algo.Numbers.doubles;
import static dev.flipside.algo.Numbers.labels;
import static dev.flipside.algo.Numbers.matrix;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.algo.AnchoredContrast.Form;
import java.io.IOException;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All of {@code conformance/save.json}: numbers of PyTorch's autograd in float64. */
class SaveConformanceTest {
    // Both sides are float64; sums of a handful of terms differ by a few 1e-16.
    private static final double TOLERANCE = 1e-9;

    private JsonNode numbers;
    private double[][] snapshotRewards;
    private double[] snapshotValues;
    private double[][] rewards;
    private double[] values;

    @BeforeEach
    void read() throws IOException {
        numbers = Numbers.conformance("save.json");
        snapshotRewards = matrix(numbers.get("r0"));
        snapshotValues = doubles(numbers.get("v0"));
        rewards = matrix(numbers.get("r"));
        values = doubles(numbers.get("v"));
    }

    private FilterRule std() {
        return new FilterRule.Std(
                numbers.get("filter_threshold").doubleValue(),
                numbers.get("filter_floor").doubleValue());
    }

    private double[][] anchors(String name, boolean[][] usable) {
        return switch (name) {
            case "value" -> Anchors.value(snapshotValues, snapshotRewards);
            case "leave_one_out" -> Anchors.leaveOneOut(snapshotRewards, usable);
            case "mixture_kappa_0.7" -> Anchors.mixture(snapshotValues, snapshotRewards, usable, 0.7);
            default -> throw new AssertionError("unknown anchor " + name);
        };
    }

    private FilterRule rule(String name) {
        return switch (name) {
            case "std" -> std();
            case "absolute_0.1" -> new FilterRule.Absolute(0.1);
            case "none" -> new FilterRule.None();
            case "fraction_0.34" -> new FilterRule.Fraction(0.34);
            default -> throw new AssertionError("unknown filter " + name);
        };
    }

    private boolean[][] withoutCut() {
        boolean[][] usable = Groups.allUsable(snapshotRewards);
        usable[0][1] = false;
        usable[4][0] = false;
        usable[4][2] = false;
        return usable;
    }

    @Test
    void groupStd() {
        for (int i = 0; i < snapshotRewards.length; i++) {
            assertClose(
                    Groups.std(snapshotRewards[i]),
                    numbers.get("std_unbiased").get(i).doubleValue(),
                    TOLERANCE);
        }
    }

    @Test
    void labelsOfEveryAnchorAndFilter() {
        boolean[][] usable = Groups.allUsable(snapshotRewards);
        int cases = 0;
        for (var entry : numbers.get("labels").properties()) {
            if (entry.getKey().endsWith("with_cut")) {
                continue;
            }
            String[] parts = entry.getKey().split("/", 2);
            Feedback feedback =
                    FeedbackFilter.label(snapshotRewards, anchors(parts[0], usable), usable, rule(parts[1]));
            assertClose(feedback.advantage(), matrix(entry.getValue().get("advantage")), TOLERANCE);
            assertThat(feedback.label())
                    .as(entry.getKey())
                    .isDeepEqualTo(labels(entry.getValue().get("label")));
            boolean[] both = feedback.bothSigns();
            for (int i = 0; i < both.length; i++) {
                assertThat(both[i])
                        .as("%s, prompt %d", entry.getKey(), i)
                        .isEqualTo(entry.getValue().get("both_signs").get(i).booleanValue());
            }
            cases++;
        }
        assertThat(cases).isEqualTo(12);
    }

    @Test
    void labelsWithCutCompletions() {
        JsonNode expected = numbers.get("labels").get("value/std_with_cut");
        boolean[][] usable = withoutCut();
        for (int i = 0; i < usable.length; i++) {
            assertClose(
                    Groups.std(Groups.kept(snapshotRewards[i], usable[i])),
                    expected.get("std_unbiased_of_kept").get(i).doubleValue(),
                    TOLERANCE);
        }
        Feedback feedback = FeedbackFilter.label(snapshotRewards, anchors("value", usable), usable, std());
        assertThat(feedback.label()).isDeepEqualTo(labels(expected.get("label")));
    }

    @Test
    void contrastInEveryForm() {
        check("plain", Form.ANCHORED, 0, OptionalDouble.empty());
        check("smoothing_0.05", Form.ANCHORED, 0.05, OptionalDouble.empty());
        check("cap_0.3", Form.ANCHORED, 0, OptionalDouble.of(0.3));
        check("all_kept", Form.ANCHORED_ALL_KEPT, 0, OptionalDouble.empty());
        check("pairwise", Form.PAIRWISE, 0, OptionalDouble.empty());
    }

    private void check(String name, Form form, double smoothing, OptionalDouble cap) {
        JsonNode expected = numbers.get("contrast").get(name);
        AnchoredContrast.Evaluation ours = contrast(snapshotValues, new AnchoredContrast.Options(form, smoothing, cap));
        assertClose(ours.loss(), expected.get("loss").doubleValue(), TOLERANCE);
        assertClose(ours.gradRewards(), matrix(expected.get("grad_r")), TOLERANCE);
    }

    private AnchoredContrast.Evaluation contrast(double[] anchorValues, AnchoredContrast.Options options) {
        int[][] used = labels(numbers.get("contrast").get("labels_used"));
        return AnchoredContrast.evaluate(
                rewards,
                Anchors.value(anchorValues, rewards),
                used,
                AnchoredContrast.normaliser(options.form(), used),
                options);
    }

    @Test
    void contrastWithTheGradientFlowingIntoTheAnchor() {
        JsonNode expected = numbers.get("contrast").get("anchor_gradient_flow");
        AnchoredContrast.Evaluation ours =
                contrast(values, new AnchoredContrast.Options(Form.ANCHORED, 0, OptionalDouble.empty()));
        assertClose(ours.loss(), expected.get("loss").doubleValue(), TOLERANCE);
        assertClose(ours.gradRewards(), matrix(expected.get("grad_r")), TOLERANCE);
        assertClose(ours.gradAnchor(), doubles(expected.get("grad_v")), TOLERANCE);
    }

    @Test
    void valueLossOfBothTargets() {
        check("group_mean", ValueTarget.GROUP_MEAN.targets(snapshotRewards, Groups.allUsable(snapshotRewards)));
        check("leave_one_out", ValueTarget.LEAVE_ONE_OUT.targets(snapshotRewards, Groups.allUsable(snapshotRewards)));
    }

    @Test
    void valueLossWithCutCompletions() {
        double[][] targets = ValueTarget.GROUP_MEAN.targets(snapshotRewards, withoutCut());
        assertClose(
                Groups.flat(targets),
                doubles(numbers.get("value").get("group_mean_with_cut").get("target")),
                TOLERANCE);
        check("group_mean_with_cut", targets);
    }

    private void check(String name, double[][] targets) {
        JsonNode expected = numbers.get("value").get(name);
        ValueLoss.Evaluation ours = ValueLoss.evaluate(values, targets, ValueLoss.normaliser(targets));
        assertClose(ours.loss(), expected.get("loss").doubleValue(), TOLERANCE);
        assertClose(ours.gradValues(), doubles(expected.get("grad_v")), TOLERANCE);
    }

    @Test
    void centering() {
        JsonNode expected = numbers.get("centering_0.01");
        Centering.Evaluation ours = Centering.evaluate(rewards, 0.01, rewards.length);
        assertClose(ours.loss(), expected.get("loss").doubleValue(), TOLERANCE);
        assertClose(ours.gradRewards(), matrix(expected.get("grad_r")), TOLERANCE);
    }

    @Test
    void gate() {
        for (JsonNode one : numbers.get("gate").get("cases")) {
            McNemar test =
                    new McNemar(one.get("worse").intValue(), one.get("better").intValue());
            assertClose(test.pValue(), one.get("p").doubleValue(), TOLERANCE);
            assertThat(test.significantlyWorse(0.05))
                    .isEqualTo(one.get("rolled_back").booleanValue());
        }
    }

    @Test
    void explainedVariance() {
        JsonNode expected = numbers.get("explained");
        ExplainedVariance ours = ExplainedVariance.of(snapshotValues, snapshotRewards);
        assertClose(ours.r2(), expected.get("r2").doubleValue(), TOLERANCE);
        assertClose(ours.ceiling(), expected.get("ceiling").doubleValue(), TOLERANCE);
        assertClose(ours.r2OverCeiling(), expected.get("r2_over_ceiling").doubleValue(), TOLERANCE);
    }

    @Test
    void ridge() {
        JsonNode node = numbers.get("ridge");
        double[][] x = matrix(node.get("x"));
        double[] y = doubles(node.get("y"));
        for (JsonNode one : node.get("cases")) {
            Ridge.Fit fit = Ridge.fit(x, y, one.get("lambda").doubleValue());
            assertClose(fit.weights(), doubles(one.get("w")), TOLERANCE);
            assertClose(fit.intercept(), one.get("b").doubleValue(), TOLERANCE);
            double squares = 0;
            for (int i = 0; i < y.length; i++) {
                squares += Math.pow(fit.predict(x[i]) - y[i], 2);
            }
            assertClose(squares / y.length, one.get("mse").doubleValue(), TOLERANCE);
        }
    }
}
