package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Rows of token ids grouped by length, so that little of a padded matrix is padding and no batch is large. */
final class Batches {
    /**
     * Tokens of a padded batch. Larger ones were not faster: every matrix product is already long enough to fill the
     * machine.
     */
    static final int TOKENS = 4096;

    private Batches() {}

    /**
     * Row numbers of each batch, longest rows first. Depends on the lengths alone.
     *
     * @param tokens rows times the longest row stays within this, except for a single row that is longer
     */
    static List<int[]> byLength(List<int[]> rows, int tokens) {
        int[] order = IntStream.range(0, rows.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> -rows.get(i).length))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> batches = new ArrayList<>();
        int from = 0;
        while (from < order.length) {
            int longest = Math.max(1, rows.get(order[from]).length);
            int to = Math.min(order.length, from + Math.max(1, tokens / longest));
            batches.add(Arrays.copyOfRange(order, from, to));
            from = to;
        }
        return batches;
    }

    /** The chosen rows, in the order of {@code indices}. */
    static int[][] select(List<int[]> rows, int[] indices) {
        return IntStream.of(indices).mapToObj(rows::get).toArray(int[][]::new);
    }

    /**
     * @throws UserError when an id is outside the vocabulary, or a row longer than the positions that a model has
     *     learned: on a GPU they would poison the whole process
     */
    static void requireFitting(List<int[]> rows, DecoderConfig config) {
        requireInVocabulary(rows, config.vocabSize());
        int most = config.maxPositionEmbeddings();
        int longest = rows.stream().mapToInt(row -> row.length).max().orElse(0);
        if (config.positions().learned() && longest > most) {
            throw new UserError("A text has " + longest + " tokens and the model has learned " + most
                    + " positions; shorten the texts (max_prompt_length, max_length) or take another model.");
        }
    }

    private static void requireInVocabulary(List<int[]> rows, int vocabSize) {
        for (int[] row : rows) {
            for (int id : row) {
                if (id < 0 || id >= vocabSize) {
                    throw new UserError("Token id " + id + " is outside the model's vocabulary of " + vocabSize
                            + "; the tokenizer and the model do not belong together.");
                }
            }
        }
    }
}
