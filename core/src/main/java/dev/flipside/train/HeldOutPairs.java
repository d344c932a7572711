package dev.flipside.train;

import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/** Labelled pairs that no loss sees: the independent check that a reward model is any good. */
final class HeldOutPairs {
    private final List<ScoredRow> chosen;
    private final List<ScoredRow> rejected;
    private final Ranks ranks;

    /** @param ranks each of which scores its part of the pairs */
    HeldOutPairs(List<LabelledPair> labelled, Ranks ranks) {
        this.chosen = labelled.stream().map(LabelledPair::chosen).toList();
        this.rejected = labelled.stream().map(LabelledPair::rejected).toList();
        this.ranks = ranks;
    }

    int size() {
        return chosen.size();
    }

    /** Which pairs the model orders as labelled; a tie is wrong. */
    boolean[] correct(RewardModel model) {
        return score(model).correct();
    }

    HeldOutScores score(RewardModel model) {
        double[][] scored = ranks.rows(size(), own -> score(model, own));
        double[] better = column(scored, 0);
        double[] worse = column(scored, 1);
        int[] lengths = both(chosen, rejected).stream()
                .mapToInt(r -> r.ids().length - r.promptLength())
                .toArray();
        return new HeldOutScores(
                better,
                worse,
                DoubleStream.concat(Arrays.stream(better), Arrays.stream(worse)).toArray(),
                lengths,
                column(scored, 2));
    }

    /** Of each pair of a part: both rewards, and the value of the prompt. */
    private double[][] score(RewardModel model, Ranks.Part part) {
        Scores scores = model.score(both(part.of(chosen), part.of(rejected)));
        int pairs = part.to() - part.from();
        double[][] each = new double[pairs][];
        for (int i = 0; i < pairs; i++) {
            each[i] = new double[] {scores.rewards()[i], scores.rewards()[pairs + i], scores.values()[i]};
        }
        return each;
    }

    private static List<ScoredRow> both(List<ScoredRow> first, List<ScoredRow> second) {
        List<ScoredRow> rows = new ArrayList<>(first);
        rows.addAll(second);
        return rows;
    }

    private static double[] column(double[][] rows, int number) {
        return Arrays.stream(rows).mapToDouble(row -> row[number]).toArray();
    }
}
