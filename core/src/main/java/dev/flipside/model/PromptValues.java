package dev.flipside.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Where the values of rows are computed whose prompt merges with what follows: in another row that begins with the
 * whole prompt, or in one that is added with the prompt alone. Without such rows nothing is added.
 *
 * @param rows the caller's rows, then the added ones
 * @param from for each of the caller's rows the one that its value is read in
 */
record PromptValues(List<ScoredRow> rows, int[] from) {
    static PromptValues of(List<ScoredRow> rows) {
        int[] from = IntStream.range(0, rows.size()).toArray();
        if (rows.stream().allMatch(row -> row.mergedPrompt().isEmpty())) {
            return new PromptValues(rows, from);
        }
        List<ScoredRow> all = new ArrayList<>(rows);
        Map<TokenIds, Integer> computed = new HashMap<>();
        for (int r = 0; r < rows.size(); r++) {
            if (rows.get(r).mergedPrompt().isEmpty() && rows.get(r).promptLength() > 0) {
                computed.putIfAbsent(new TokenIds(rows.get(r).prompt()), r);
            }
        }
        for (int r = 0; r < rows.size(); r++) {
            if (rows.get(r).mergedPrompt().isPresent()) {
                from[r] = computed.computeIfAbsent(new TokenIds(rows.get(r).prompt()), prompt -> {
                    all.add(new ScoredRow(prompt.ids(), prompt.ids().length));
                    return all.size() - 1;
                });
            }
        }
        return new PromptValues(all, from);
    }

    /** Of what was read in all rows, what belongs to the caller's. */
    Scores select(Scores all) {
        return new Scores(
                Arrays.copyOf(all.rewards(), from.length),
                IntStream.of(from).mapToDouble(r -> all.values()[r]).toArray());
    }

    /** Derivatives with respect to the caller's rewards as those with respect to all rows' rewards. */
    double[] rewardGradients(double[] gradRewards) {
        return Arrays.copyOf(gradRewards, rows.size());
    }

    /** Derivatives with respect to the caller's values as those with respect to all rows' values. */
    double[] valueGradients(double[] gradValues) {
        double[] all = new double[rows.size()];
        for (int r = 0; r < from.length; r++) {
            all[from[r]] += gradValues[r];
        }
        return all;
    }

    /**
     * How many first tokens each row shares with the others of its prompt: all of the prompt's, or less where one of
     * them merges, so that they still compute most of it once. A row that has less than half of the prompt in common
     * stands alone.
     */
    int[] sharedLengths() {
        int[] lengths = rows.stream().mapToInt(ScoredRow::promptLength).toArray();
        Map<TokenIds, List<Integer>> groups = new HashMap<>();
        if (rows.stream().anyMatch(row -> row.mergedPrompt().isPresent())) {
            IntStream.range(0, lengths.length).forEach(r -> groups.computeIfAbsent(
                            new TokenIds(rows.get(r).prompt()), p -> new ArrayList<>())
                    .add(r));
        }
        groups.forEach((prompt, group) -> {
            int least = group.stream()
                    .mapToInt(r -> lengths[r])
                    .filter(length -> 2 * length >= prompt.ids().length)
                    .min()
                    .orElse(0);
            group.forEach(r -> lengths[r] = Math.min(lengths[r], least));
        });
        return lengths;
    }
}
