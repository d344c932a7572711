package dev.flipside.train;

import dev.flipside.algo.ExplainedVariance;
import dev.flipside.algo.Feedback;
import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.eval.AdvantageDeciles;
import dev.flipside.eval.NearTies;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The {@code save/} metrics: what the filter did, how good the anchor is, and how far an update moved the reward model.
 */
final class FeedbackStatistics {
    /** An advantage above this has a label of probability above .993: the saturated end of the contrast. */
    private static final double CONFIDENT = 5;

    private FeedbackStatistics() {}

    /** Advantages, shares and the anchor's explained variance, all of the snapshot before the update. */
    static Map<String, Double> of(RewardModelStep update) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        Feedback feedback = update.feedback();
        double[] advantages = Groups.flat(feedback.advantage());
        metrics.put("save/advantage/mean", Groups.mean(advantages));
        metrics.put("save/advantage/std", Groups.std(advantages));
        metrics.put("save/kept_frac", feedback.keptFraction());
        metrics.put("save/pos_frac", feedback.positiveFraction());
        metrics.put("save/neg_frac", feedback.negativeFraction());
        metrics.put("save/ambiguous_frac", 1 - feedback.keptFraction());
        metrics.put("save/one_sided_frac", 1 - Groups.count(feedback.bothSigns()) / (double) feedback.label().length);
        metrics.put("save/cut_frac", truncatedFraction(feedback));
        metrics.put(
                "save/confident_frac",
                Arrays.stream(advantages)
                        .map(a -> Math.abs(a) > CONFIDENT ? 1 : 0)
                        .average()
                        .orElse(Double.NaN));
        metrics.put("save/near_tie_frac", NearTies.fraction(update.before().rewards()));
        double[] values = update.before().values();
        metrics.put("save/value/mean", Groups.mean(values));
        metrics.put("save/value/std", values.length < 2 ? 0.0 : Groups.std(values));
        double[][] kept = new double[values.length][];
        for (int p = 0; p < kept.length; p++) {
            kept[p] = Groups.kept(update.before().rewards()[p], feedback.usable()[p]);
        }
        ExplainedVariance explained = ExplainedVariance.of(values, kept);
        metrics.put("save/value_explained_var", explained.r2());
        metrics.put("save/value_explained_var_over_ceiling", explained.r2OverCeiling());
        return metrics;
    }

    /** What the update changed on the very samples that taught it. */
    static Map<String, Double> of(RewardModelStep update, RewardModelChange change) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        int[][] old = update.feedback().label();
        int flips = 0;
        int samples = 0;
        for (int p = 0; p < old.length; p++) {
            for (int i = 0; i < old[p].length; i++) {
                flips += old[p][i] != change.relabelled().label()[p][i] ? 1 : 0;
                samples++;
            }
        }
        metrics.put("save/label_flip_frac", (double) flips / samples);
        double[] before = Groups.flat(update.before().rewards());
        double[] now = Groups.flat(change.after().rewards());
        double[] drift = IntStream.range(0, now.length)
                .mapToDouble(i -> now[i] - before[i])
                .toArray();
        metrics.put("save/rank_corr", RankCorrelation.spearman(before, now));
        metrics.put(
                "save/kendall_tau",
                RankCorrelation.groupKendall(
                        update.before().rewards(), change.after().rewards()));
        metrics.put("save/score_drift/mean", Groups.mean(drift));
        metrics.put(
                "save/score_drift/max",
                Arrays.stream(drift).map(Math::abs).max().orElse(0));
        double[] valuesBefore = update.before().values();
        double anchorDrift = 0;
        for (int p = 0; p < valuesBefore.length; p++) {
            anchorDrift += Math.abs(change.after().values()[p] - valuesBefore[p]) / valuesBefore.length;
        }
        metrics.put("save/anchor_drift", anchorDrift);
        return metrics;
    }

    /**
     * The labels against the true rewards.
     *
     * @param gold {@code [prompt][sample]}
     */
    static Map<String, Double> againstGold(Feedback feedback, double[][] gold) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("save/label_accuracy", labelAccuracy(feedback, gold));
        metrics.putAll(deciles("save/label_accuracy_decile_", feedback.advantage(), gold));
        return metrics;
    }

    /**
     * The share of kept samples on the side of the anchor that gold puts them on; ties with the group's mean are left
     * out.
     */
    private static double labelAccuracy(Feedback feedback, double[][] gold) {
        double right = 0;
        int decided = 0;
        for (int p = 0; p < gold.length; p++) {
            double mean = Groups.mean(Groups.scorable(gold[p]));
            for (int i = 0; i < gold[p].length; i++) {
                int label = feedback.label()[p][i];
                double side = gold[p][i] - mean;
                if (label != 0 && Math.abs(side) > 1e-6 && feedback.bothSigns()[p]) {
                    right += label > 0 == side > 0 ? 1 : 0;
                    decided++;
                }
            }
        }
        return decided == 0 ? Double.NaN : right / decided;
    }

    /** The share of advantages on gold's side of the group's mean, by decile of |A|; of all samples, kept or not. */
    static Map<String, Double> deciles(String prefix, double[][] advantages, double[][] gold) {
        double[][] truth = new double[gold.length][];
        for (int p = 0; p < gold.length; p++) {
            double mean = Groups.mean(Groups.scorable(gold[p]));
            truth[p] = Arrays.stream(gold[p])
                    .map(g -> Math.abs(g - mean) > 1e-6 ? g - mean : 0)
                    .toArray();
        }
        return deciles(prefix, AdvantageDeciles.accuracy(Groups.flat(advantages), Groups.flat(truth)));
    }

    /** {@code prefix + 1} to {@code prefix + 10}. */
    static Map<String, Double> deciles(String prefix, double[] deciles) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (int i = 0; i < deciles.length; i++) {
            metrics.put(prefix + (i + 1), deciles[i]);
        }
        return metrics;
    }

    private static double truncatedFraction(Feedback feedback) {
        int truncated = 0;
        int samples = 0;
        for (boolean[] row : feedback.usable()) {
            for (boolean usable : row) {
                truncated += usable ? 0 : 1;
                samples++;
            }
        }
        return (double) truncated / samples;
    }
}
