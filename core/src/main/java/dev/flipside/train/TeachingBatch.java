package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.WithinGroups;
import dev.flipside.config.FilterConfig;
import dev.flipside.config.Looks;
import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A batch with the grades that labels and targets are made from.
 *
 * @param rows the completions as the reward model reads them, group after group
 * @param usable which completions may teach, {@code [prompt][sample]}
 * @param looks what is regressed out of the advantages, {@code [prompt][sample][feature]}; none for nothing
 * @param gold the true rewards, same shape; needed for labels gold
 */
record TeachingBatch(
        List<ScoredRow> rows,
        boolean[][] usable,
        Optional<double[][][]> looks,
        Optional<double[][]> gold,
        Grades grades) {
    static TeachingBatch of(Samples samples, Grades grades, FilterConfig filtering, List<Looks> residualised) {
        RolloutBatch batch = samples.batch();
        return new TeachingBatch(
                samples.reading().rows(),
                filtering.maskTruncated() ? batch.finished() : Groups.allUsable(grades.rewards()),
                batch.looks(residualised),
                samples.gold().map(g -> Groups.rows(g, batch.groupSize())),
                grades);
    }

    /** The rewards that labels are made from: without what the looks of the completions explain. */
    double[][] labelRewards() {
        double[][] rewards = grades.rewards();
        return looks.map(features -> WithinGroups.residuals(rewards, features, usable))
                .orElse(rewards);
    }

    int groupSize() {
        return usable[0].length;
    }

    /** The same samples, graded by another model. */
    TeachingBatch with(Grades others) {
        return new TeachingBatch(rows, usable, looks, gold, others);
    }

    /** The same samples with some prompts graded again by the model as it is now. */
    TeachingBatch regraded(Grader grader, int[] prompts) {
        return with(grades.with(new Replacement(prompts), grader.grade(rowsOf(prompts), groupSize())));
    }

    /** The ids of a prompt, as the reward model reads it. */
    int[] prompt(int number) {
        return rows.get(number * groupSize()).prompt();
    }

    /** The rows of some prompts, group after group. */
    List<ScoredRow> rowsOf(int[] prompts) {
        List<ScoredRow> picked = new ArrayList<>();
        for (int p : prompts) {
            picked.addAll(rows.subList(p * groupSize(), (p + 1) * groupSize()));
        }
        return picked;
    }
}
