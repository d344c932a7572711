package dev.flipside.train;

import dev.flipside.algo.Calibration;
import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Labelled pairs that no loss sees: the independent check that a reward model is any good. */
final class HeldOutPairs {
    private static final int CALIBRATION_BINS = 10;

    private final List<ScoredRow> rows = new ArrayList<>();
    private final int pairs;

    HeldOutPairs(List<LabelledPair> labelled) {
        labelled.forEach(p -> rows.add(p.chosen()));
        labelled.forEach(p -> rows.add(p.rejected()));
        pairs = labelled.size();
    }

    int size() {
        return pairs;
    }

    /** Which pairs the model orders as labelled; a tie is wrong. */
    boolean[] correct(RewardModel model) {
        return score(model).correct();
    }

    Scored score(RewardModel model) {
        Scores scores = model.score(rows);
        double[] rewards = scores.rewards();
        int[] lengths =
                rows.stream().mapToInt(r -> r.ids().length - r.promptLength()).toArray();
        return new Scored(
                Arrays.copyOfRange(rewards, 0, pairs),
                Arrays.copyOfRange(rewards, pairs, 2 * pairs),
                rewards,
                lengths,
                Arrays.copyOf(scores.values(), pairs));
    }

    /**
     * A model's rewards for the pairs.
     *
     * @param all chosen, then rejected
     * @param lengths answer lengths in tokens, in the order of {@code all}
     * @param values of the pairs' prompts; what an untrained value head says where none was fitted
     */
    record Scored(double[] chosen, double[] rejected, double[] all, int[] lengths, double[] values) {
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
                    "eval_rm/partial_length_corr",
                    RankCorrelation.groupPartialSpearman(interleaved(), length, label, 2));
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
}
