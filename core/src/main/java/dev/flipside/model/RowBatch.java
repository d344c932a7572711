package dev.flipside.model;

import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Rows that go through the decoder together.
 *
 * @param rows row numbers in the caller's order
 * @param layout where their tokens stand; its row {@code b} is the caller's {@code rows[b]}
 */
record RowBatch(int[] rows, RowLayout layout) {
    /**
     * What sharing must save: below a tenth of the tokens, the keys and values that it copies cost as much as they
     * spare.
     */
    private static final double WORTHWHILE = 0.9;

    /** Beside a prefix that fills a batch by itself stand continuations of a quarter of its tokens. */
    static final int BESIDE_LONG_PREFIX = 4;

    /**
     * Splits rows into batches. Rows that begin with the same prefix compute it once, where that spares tokens worth
     * speaking of. Depends on the ids and lengths alone.
     *
     * @param rows token ids
     * @param prefixLengths how much of each row is a prefix that others may share; 0 for none
     * @param most tokens of a batch, except for a single row that is longer
     */
    static List<RowBatch> split(List<int[]> rows, int[] prefixLengths, int most) {
        List<RowBatch> padded = padded(rows, IntStream.range(0, rows.size()).toArray(), most);
        List<List<Integer>> groups = groups(rows, prefixLengths);
        if (groups.isEmpty()) {
            return padded;
        }
        boolean[] grouped = new boolean[rows.size()];
        groups.forEach(g -> g.forEach(r -> grouped[r] = true));
        List<RowBatch> shared = shared(rows, prefixLengths, groups, most);
        IntPredicate alone = r -> !grouped[r];
        shared.addAll(padded(rows, IntStream.range(0, rows.size()).filter(alone).toArray(), most));
        return tokens(shared) < WORTHWHILE * tokens(padded) ? shared : padded;
    }

    /**
     * The same, with rows of texts that the model rotates alike in batches of their own.
     *
     * @param texts how long the text is of which each row is the beginning
     */
    static List<RowBatch> split(List<int[]> rows, int[] prefixLengths, int most, int[] texts, DecoderConfig config) {
        Map<List<Integer>, List<Integer>> classes = new LinkedHashMap<>();
        for (int r = 0; r < texts.length; r++) {
            classes.computeIfAbsent(config.lengthClasses(texts[r]), c -> new ArrayList<>())
                    .add(r);
        }
        List<List<Integer>> shortFirst = classes.values().stream()
                .sorted(Comparator.comparingInt(c -> texts[c.get(0)]))
                .toList();
        List<RowBatch> batches = new ArrayList<>();
        for (List<Integer> chosen : shortFirst) {
            List<int[]> own = chosen.stream().map(rows::get).toList();
            int[] prefixes = chosen.stream().mapToInt(r -> prefixLengths[r]).toArray();
            for (RowBatch batch : split(own, prefixes, most)) {
                batches.add(new RowBatch(
                        IntStream.of(batch.rows).map(chosen::get).toArray(),
                        batch.layout.ofTexts(texts[chosen.get(0)])));
            }
        }
        return batches;
    }

    /** The tokens that a pass over some batches computes, padding among them. */
    static long tokens(List<RowBatch> batches) {
        return batches.stream().mapToLong(b -> b.layout.tokens()).sum();
    }

    private static List<RowBatch> padded(List<int[]> all, int[] numbers, int most) {
        List<int[]> rows = IntStream.of(numbers).mapToObj(all::get).toList();
        List<RowBatch> batches = new ArrayList<>();
        for (int[] batch : Batches.byLength(rows, most)) {
            batches.add(new RowBatch(
                    IntStream.of(batch).map(i -> numbers[i]).toArray(), new PaddedLayout(Batches.select(rows, batch))));
        }
        return batches;
    }

    /** Rows of the same prefix, two or more. */
    private static List<List<Integer>> groups(List<int[]> rows, int[] prefixLengths) {
        Map<TokenIds, List<Integer>> groups = new LinkedHashMap<>();
        for (int r = 0; r < rows.size(); r++) {
            if (prefixLengths[r] > 0) {
                groups.computeIfAbsent(
                                new TokenIds(Arrays.copyOf(rows.get(r), prefixLengths[r])), p -> new ArrayList<>())
                        .add(r);
            }
        }
        return groups.values().stream().filter(g -> g.size() > 1).toList();
    }

    /**
     * Groups of like length side by side; one that is too large for a batch is cut, and each part computes the prefix
     * again.
     */
    private static List<RowBatch> shared(List<int[]> rows, int[] prefixLengths, List<List<Integer>> groups, int most) {
        List<List<Integer>> parts = new ArrayList<>();
        groups.forEach(g -> parts.addAll(parts(rows, prefixLengths, g, most)));
        parts.sort(Comparator.comparingInt(p -> -prefixLengths[p.get(0)]));
        List<RowBatch> batches = new ArrayList<>();
        List<List<Integer>> open = new ArrayList<>();
        for (List<Integer> part : parts) {
            open.add(part);
            if (open.size() > 1 && of(rows, prefixLengths, open).layout.tokens() > most) {
                open.remove(open.size() - 1);
                batches.add(of(rows, prefixLengths, open));
                open = new ArrayList<>(List.of(part));
            }
        }
        batches.add(of(rows, prefixLengths, open));
        return batches;
    }

    private static List<List<Integer>> parts(List<int[]> rows, int[] prefixLengths, List<Integer> group, int most) {
        int prefix = prefixLengths[group.get(0)];
        List<Integer> byLength = group.stream()
                .sorted(Comparator.comparingInt(r -> -rows.get(r).length))
                .toList();
        List<List<Integer>> parts = new ArrayList<>();
        int from = 0;
        while (from < byLength.size()) {
            int longest = Math.max(1, rows.get(byLength.get(from)).length - prefix);
            int to = Math.min(byLength.size(), from + Math.max(1, room(prefix, longest, most) / longest));
            parts.add(byLength.subList(from, to));
            from = to;
        }
        return parts;
    }

    /** Tokens of continuations beside a prefix. */
    private static int room(int prefix, int longest, int most) {
        // A single row is too long for a batch: others beside it cost little more, a prefix computed again a lot.
        return prefix + longest > most ? prefix / BESIDE_LONG_PREFIX : most - prefix;
    }

    private static RowBatch of(List<int[]> rows, int[] prefixLengths, List<List<Integer>> groups) {
        int[] numbers = groups.stream()
                .flatMap(List::stream)
                .mapToInt(Integer::intValue)
                .toArray();
        int[] prefixOf = IntStream.range(0, groups.size())
                .flatMap(p -> IntStream.generate(() -> p).limit(groups.get(p).size()))
                .toArray();
        int[][] prefixes = groups.stream()
                .map(g -> Arrays.copyOf(rows.get(g.get(0)), prefixLengths[g.get(0)]))
                .toArray(int[][]::new);
        int[][] continuations = IntStream.of(numbers)
                .mapToObj(r -> Arrays.copyOfRange(rows.get(r), prefixLengths[r], rows.get(r).length))
                .toArray(int[][]::new);
        return new RowBatch(numbers, new SharedPrefixLayout(prefixes, prefixOf, continuations));
    }
}
