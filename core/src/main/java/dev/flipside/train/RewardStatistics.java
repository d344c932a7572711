package dev.flipside.train;

import dev.flipside.algo.Groups;
import java.util.LinkedHashMap;
import java.util.Map;

/** TRL's reward metrics of a batch; {@code reward_std} is over the whole batch. */
final class RewardStatistics {
    private RewardStatistics() {}

    /**
     * The figures of a batch.
     *
     * @param prefix "" in training, {@code eval_} in evaluations
     */
    static Map<String, Double> of(Graded graded, String prefix) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double[] all = Groups.flat(graded.total());
        double[] total = Groups.scorable(all);
        metrics.put(prefix + "reward", total.length == 0 ? Double.NaN : Groups.mean(total));
        metrics.put(prefix + "reward_std", total.length < 2 ? 0.0 : Groups.std(total));
        int flat = 0;
        double groupStd = 0;
        for (double[] group : graded.total()) {
            double[] kept = Groups.scorable(group);
            flat += kept.length < 2 || Groups.allEqual(kept) ? 1 : 0;
            groupStd += kept.length < 2 ? 0 : Groups.std(kept);
        }
        metrics.put(prefix + "frac_reward_zero_std", (double) flat / graded.total().length);
        metrics.put(prefix + "group_reward_std", groupStd / graded.total().length);
        metrics.put(prefix + "rewards/unscorable_frac", 1 - total.length / (double) all.length);
        graded.columns().forEach((name, column) -> {
            double[] kept = Groups.scorable(column);
            metrics.put(prefix + "rewards/" + name + "/mean", kept.length == 0 ? Double.NaN : Groups.mean(kept));
            metrics.put(prefix + "rewards/" + name + "/std", kept.length < 2 ? 0.0 : Groups.std(kept));
        });
        return metrics;
    }
}
