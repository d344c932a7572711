package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.engine.Parameters;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import java.util.List;
import java.util.Map;

/**
 * The control "temperature scaling" (decision D19 {@code scale}): of an update of the reward model only its effect on the scale is kept. Backbone and reward head go
 * back to what they were, and the reward head is multiplied by the ratio of the mean group standard deviations after and before. So r stays a r_0 with one number a,
 * which grows as the whole update would have made the rewards grow, and no order changes. The value head learns on: it only has to follow the level.
 *
 * <p>It needs no state beyond the weights themselves: a is in the reward head.
 */
final class ScaleOnly implements AutoCloseable {
    private final Grader grader;
    private final Parameters before;

    ScaleOnly(Grader grader) {
        this.grader = grader;
        this.before = grader.model().trunk().copy();
    }

    /** Remembers backbone and reward head before an update. */
    void remember() {
        before.copyFrom(grader.model().trunk());
    }

    /**
     * Takes the update back but for the scale.
     *
     * @param rows that taught, group after group
     * @param snapshot their rewards before the update, {@code [prompt][sample]}
     */
    void keepScale(List<ScoredRow> rows, double[][] snapshot, Map<String, Double> metrics) {
        RewardModel model = grader.model();
        double[][] after = grader.grade(rows, snapshot[0].length).rewards();
        double spread = sumOfStds(snapshot);
        // Rewards that are all equal have no scale to change.
        double ratio = spread == 0 ? 1 : sumOfStds(after) / spread;
        model.trunk().copyFrom(before);
        model.scaleRewards(ratio);
        metrics.put("save/scale_ratio", ratio);
    }

    private static double sumOfStds(double[][] groups) {
        double sum = 0;
        for (double[] group : groups) {
            sum += Groups.std(group);
        }
        return sum;
    }

    @Override
    public void close() {
        before.close();
    }
}
