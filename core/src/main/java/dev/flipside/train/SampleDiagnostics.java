package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.eval.AnchoredPairs;
import dev.flipside.eval.NearTies;
import dev.flipside.eval.OnPolicyAccuracy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation says of the reward model on the policy's samples; only the methods that take gold rewards need
 * them.
 */
final class SampleDiagnostics {
    private static final double GOLD_TIE = 1e-6;

    private SampleDiagnostics() {}

    /** Length and near-ties. */
    static Map<String, Double> of(RolloutBatch batch, double[][] rewards) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put(
                "eval_rm/spearman_length",
                RankCorrelation.groupSpearman(Groups.flat(rewards), lengths(batch), batch.groupSize()));
        metrics.put("eval_rm/near_tie_frac", NearTies.fraction(rewards));
        return metrics;
    }

    /** The order of the rewards against gold's, and how much of it is length at equal gold. */
    static Map<String, Double> againstGold(RolloutBatch batch, double[][] rewards, double[] gold) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double[] flat = Groups.flat(rewards);
        metrics.put("eval_rm/on_policy_accuracy", OnPolicyAccuracy.of(flat, gold, batch.groupSize()));
        metrics.put("eval_rm/spearman_gold", RankCorrelation.groupSpearman(flat, gold, batch.groupSize()));
        metrics.put(
                "eval_rm/partial_spearman_length",
                RankCorrelation.groupPartialSpearman(flat, lengths(batch), gold, batch.groupSize()));
        return metrics;
    }

    /**
     * The anchor's labels against gold: by decile of |A|, and the reward model's accuracy on pairs on either side of
     * the anchor and on one side.
     */
    static Map<String, Double> anchorAgainstGold(double[][] advantages, double[] gold) {
        int groupSize = advantages[0].length;
        double[][] truth = Groups.rows(gold, groupSize);
        Map<String, Double> metrics =
                new LinkedHashMap<>(FeedbackStatistics.deciles("eval_gold/label_accuracy_decile_", advantages, truth));
        AnchoredPairs pairs = pairs(advantages, truth);
        metrics.put("eval_gold/straddling_frac", pairs.straddlingFraction());
        metrics.put("eval_gold/accuracy_straddling", pairs.straddlingAccuracy());
        metrics.put("eval_gold/accuracy_one_sided", pairs.oneSidedAccuracy());
        return metrics;
    }

    /** All pairs of a group that gold tells apart, the better one as chosen. */
    private static AnchoredPairs pairs(double[][] advantages, double[][] gold) {
        List<Double> chosen = new ArrayList<>();
        List<Double> rejected = new ArrayList<>();
        for (int p = 0; p < gold.length; p++) {
            for (int i = 0; i < gold[p].length; i++) {
                for (int j = 0; j < gold[p].length; j++) {
                    if (gold[p][i] - gold[p][j] > GOLD_TIE) {
                        chosen.add(advantages[p][i]);
                        rejected.add(advantages[p][j]);
                    }
                }
            }
        }
        return new AnchoredPairs(
                chosen.stream().mapToDouble(a -> a).toArray(),
                rejected.stream().mapToDouble(a -> a).toArray());
    }

    private static double[] lengths(RolloutBatch batch) {
        return Arrays.stream(batch.lengths()).asDoubleStream().toArray();
    }
}
