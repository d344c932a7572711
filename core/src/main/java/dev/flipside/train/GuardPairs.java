package dev.flipside.train;

import dev.flipside.algo.PairBalance;
import dev.flipside.config.Looks;
import dev.flipside.data.Preference;
import dev.flipside.engine.Seeds;
import java.util.Arrays;
import java.util.List;

/**
 * Labelled pairs and what their answers look like.
 *
 * @param pairs as the reward model reads them
 * @param more by how much the chosen answer has more of each look than the other, {@code [pair][look]} with the looks
 *     in the order of their enum
 */
record GuardPairs(List<LabelledPair> pairs, int[][] more) {
    static final GuardPairs NONE = new GuardPairs(List.of(), new int[0][]);

    /** How the looks of a pair's answers differ: a row of {@code more}. */
    static int[] more(Preference pair, LabelledPair rows) {
        return Arrays.stream(Looks.values())
                // The prompt is the same, so whole conversations differ in length as their answers do.
                .mapToInt(look -> AnswerLooks.of(look, rows.chosen().ids().length, pair.chosen())
                        - AnswerLooks.of(look, rows.rejected().ids().length, pair.rejected()))
                .toArray();
    }

    /** Those in which some looks do not tell which answer was preferred; the seed decides which ones are left out. */
    List<LabelledPair> balanced(List<Looks> looks, Seeds seeds) {
        if (looks.isEmpty()) {
            return pairs;
        }
        int[][] differences = Arrays.stream(more)
                .map(row -> looks.stream().mapToInt(look -> row[look.ordinal()]).toArray())
                .toArray(int[][]::new);
        int[] order = seeds.permutation(Seeds.Stream.GUARD_BALANCE, 0, pairs.size());
        return Arrays.stream(PairBalance.balanced(differences, order))
                .mapToObj(pairs::get)
                .toList();
    }
}
