package dev.flipside.eval;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;

/**
 * What has become of a reward model's scores of fixed texts.
 *
 * @param stdRatio standard deviation now over that at first
 * @param levelShift change of the mean in standard deviations at first
 * @param kendallTau mean over groups of Kendall's tau-b between then and now; NaN when no group has two different
 *     rewards at both times
 * @param anchorDrift mean absolute change of the anchors in standard deviations at first
 */
public record ScoreShift(double stdRatio, double levelShift, double kendallTau, double anchorDrift) {

    /** Some texts' rewards, group after group, and the anchor that each is compared with. */
    public record Scored(double[] rewards, double[] anchors) {}

    /**
     * Compares two times. With rewards that were all equal at first nothing can be expressed in their standard
     * deviations: those figures are NaN.
     *
     * @param groupSize texts to a group
     */
    public static ScoreShift of(Scored first, Scored now, int groupSize) {
        double std = Groups.std(first.rewards());
        double scale = std == 0 ? Double.NaN : std;
        double drift = 0;
        for (int i = 0; i < now.anchors().length; i++) {
            drift += Math.abs(now.anchors()[i] - first.anchors()[i]) / now.anchors().length;
        }
        return new ScoreShift(
                Groups.std(now.rewards()) / scale,
                (Groups.mean(now.rewards()) - Groups.mean(first.rewards())) / scale,
                RankCorrelation.groupKendall(
                        Groups.rows(first.rewards(), groupSize), Groups.rows(now.rewards(), groupSize)),
                drift / scale);
    }
}
