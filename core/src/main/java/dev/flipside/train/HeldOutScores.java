package dev.flipside.train;

import dev.flipside.algo.Calibration;
import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A reward model's rewards for {@link HeldOutPairs}.
 *
 * @param all chosen, then rejected
 * @param lengths answer lengths in tokens, in the order of {@code all}
 * @param values of the pairs' prompts; what an untrained value head says where none was fitted
 */
record HeldOutScores(double[] chosen, double[] rejected, double[] all, int[] lengths, double[] values) {
    private static final int CALIBRATION_BINS = 10;

    boolean[] correct() {
        boolean[] correct = new boolean[chosen.length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = chosen[i] > rejected[i];
        }
        return correct;
    }

    double accuracy() {
        return (double) Groups.count(correct()) / chosen.length;
    }

    /** Accuracy, calibration, margin and length correlation under {@code eval_rm/}. */
    Map<String, Double> figures() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double[] probabilities = Calibration.probabilities(chosen, rejected);
        double margin = 0;
        for (int i = 0; i < chosen.length; i++) {
            margin += (chosen[i] - rejected[i]) / chosen.length;
        }
        metrics.put("eval_rm/accuracy", accuracy());
        metrics.put("eval_rm/margin", margin);
        metrics.put("eval_rm/ece", Calibration.expectedCalibrationError(probabilities, CALIBRATION_BINS));
        metrics.put("eval_rm/brier", Calibration.brier(probabilities));
        metrics.put(
                "eval_rm/length_corr",
                RankCorrelation.spearman(
                        all, Arrays.stream(lengths).asDoubleStream().toArray()));
        lengthFigures(metrics);
        metrics.put("eval_rm/mean_reward", Arrays.stream(all).average().orElse(0));
        return metrics;
    }

    /** Within pairs: how far the labels justify that rewards follow length, and how far they do so at equal label. */
    private void lengthFigures(Map<String, Double> metrics) {
        double[] length = new double[all.length];
        double[] label = new double[all.length];
        for (int i = 0; i < chosen.length; i++) {
            length[2 * i] = lengths[i];
            length[2 * i + 1] = lengths[chosen.length + i];
            label[2 * i] = 1;
            label[2 * i + 1] = -1;
        }
        metrics.put("eval_rm/label_length_corr", RankCorrelation.groupSpearman(label, length, 2));
        metrics.put(
                "eval_rm/partial_length_corr", RankCorrelation.groupPartialSpearman(interleaved(), length, label, 2));
    }

    /** Rewards pair after pair: chosen, rejected, chosen, ... */
    double[] interleaved() {
        double[] rewards = new double[all.length];
        for (int i = 0; i < chosen.length; i++) {
            rewards[2 * i] = chosen[i];
            rewards[2 * i + 1] = rejected[i];
        }
        return rewards;
    }
}
