package dev.flipside.train;

import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.List;

/**
 * The rows that the loss of some prompts' groups needs: a completion that the filter dropped has no gradient, so it
 * goes through neither the forward nor the backward pass. A prompt whose group has none left stands alone, for its
 * value.
 *
 * @param rows as a pass takes them
 * @param places of each completion among {@code rows}, {@code [prompt][sample]}; -1 where it is left out
 * @param values the row that each prompt's value is read in: the first of its group, as all have the same prompt
 */
record ContrastRows(List<ScoredRow> rows, int[][] places, int[] values) {
    /**
     * @param prompts numbers of groups
     * @param needed which completions the loss depends on, {@code [group][sample]} of the whole batch
     */
    static ContrastRows of(TeachingBatch batch, int[] prompts, boolean[][] needed) {
        List<ScoredRow> rows = new ArrayList<>();
        int[][] places = new int[prompts.length][batch.groupSize()];
        int[] values = new int[prompts.length];
        for (int p = 0; p < prompts.length; p++) {
            values[p] = rows.size();
            for (int i = 0; i < batch.groupSize(); i++) {
                places[p][i] = needed[prompts[p]][i] ? rows.size() : -1;
                if (needed[prompts[p]][i]) {
                    rows.add(batch.rows().get(prompts[p] * batch.groupSize() + i));
                }
            }
            if (rows.size() == values[p]) {
                int[] prompt = batch.prompt(prompts[p]);
                rows.add(new ScoredRow(prompt, prompt.length));
            }
        }
        return new ContrastRows(rows, places, values);
    }

    /** Tokens that a pass over them computes, what those of one prompt share of it once; of one prompt's rows. */
    long tokens() {
        int shared = rows.stream().mapToInt(ScoredRow::promptLength).min().orElseThrow();
        return shared + rows.stream().mapToLong(r -> r.ids().length - shared).sum();
    }

    /**
     * The rewards of all completions.
     *
     * @param computed of {@code rows}
     * @param others what stands for those that were left out, {@code [prompt][sample]}
     */
    double[][] rewards(double[] computed, double[][] others) {
        double[][] rewards = new double[places.length][];
        for (int p = 0; p < places.length; p++) {
            rewards[p] = others[p].clone();
            for (int i = 0; i < rewards[p].length; i++) {
                rewards[p][i] = places[p][i] < 0 ? rewards[p][i] : computed[places[p][i]];
            }
        }
        return rewards;
    }

    /** The value of each prompt, of those that were read in {@code rows}. */
    double[] values(double[] computed) {
        double[] each = new double[values.length];
        for (int p = 0; p < each.length; p++) {
            each[p] = computed[values[p]];
        }
        return each;
    }
}
