package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import java.util.List;

/**
 * The control "temperature scaling" ({@code save.scored_by: initial_rescaled}, docs/method.md): the reward model learns
 * as it would, but policy and evaluation are given a times the rewards of the round's initial model. The number a makes
 * the mean standard deviation within the groups that were just learnt from the same for both: the scale that learning
 * has reached, and nothing else of what was learnt, since no order changes.
 *
 * <p>There is no state beside the weights: a is in the heads.
 */
final class RescaledJudge {
    private final Grader learner;
    private final Grader judge;

    /** @param initial the reward model as the round began, or its rescaled heads after a resume; closed by its owner */
    RescaledJudge(Grader learner, RewardModel initial) {
        this.learner = learner;
        this.judge = learner.with(initial);
    }

    Grader grader() {
        return judge;
    }

    /**
     * Follows the scale of the model that learns.
     *
     * @param rows that taught, group after group
     * @param learnt what it says of them now
     * @return what the initial model's rewards were multiplied with
     */
    double rescale(List<ScoredRow> rows, Grades learnt) {
        double shown =
                meanStd(judge.grade(rows, rows.size() / learnt.values().length).rewards());
        // Rewards that are all equal have no scale.
        double ratio = shown == 0 ? 1 : meanStd(learnt.rewards()) / shown;
        judge.model().scaleHeads(ratio);
        return ratio;
    }

    /** The rescaled model takes the learner's place: it is what the round leaves. */
    void settle() {
        learner.model().trunk().copyFrom(judge.model().trunk());
        learner.model().valueHead().copyFrom(judge.model().valueHead());
    }

    private static double meanStd(double[][] groups) {
        double sum = 0;
        for (double[] group : groups) {
            sum += Groups.std(group);
        }
        return sum / groups.length;
    }
}
