package dev.flipside.train;

import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Labelled pairs that no loss sees: the independent check that a reward model is any good. */
final class HeldOutPairs {
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

    HeldOutScores score(RewardModel model) {
        Scores scores = model.score(rows);
        double[] rewards = scores.rewards();
        int[] lengths =
                rows.stream().mapToInt(r -> r.ids().length - r.promptLength()).toArray();
        return new HeldOutScores(
                Arrays.copyOfRange(rewards, 0, pairs),
                Arrays.copyOfRange(rewards, pairs, 2 * pairs),
                rewards,
                lengths,
                Arrays.copyOf(scores.values(), pairs));
    }
}
