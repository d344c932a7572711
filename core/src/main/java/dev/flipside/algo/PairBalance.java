package dev.flipside.algo;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Chooses labelled pairs whose looks do not tell which answer was preferred. */
public final class PairBalance {
    private PairBalance() {}

    /**
     * The largest choice in which every combination of looks is as frequent as its opposite: as many pairs prefer the
     * longer answer as prefer the shorter one, also among those that prefer the one with more Markdown. Pairs without a
     * difference are their own opposite, and all of them stay.
     *
     * @param more by how much the preferred answer has more of each feature, {@code [pair][feature]}; only the sign
     *     counts
     * @param order which pairs are taken first where some have to be left out: a permutation of the pairs
     * @return the chosen pairs, ascending
     */
    public static int[] balanced(int[][] more, int[] order) {
        Groups.requireSameLength("more", more.length, "order", order.length);
        Map<List<Integer>, Deque<Integer>> waiting = new HashMap<>();
        IntStream.Builder chosen = IntStream.builder();
        for (int pair : order) {
            List<Integer> signs = signs(more[pair], 1);
            List<Integer> opposite = signs(more[pair], -1);
            Deque<Integer> partners = waiting.getOrDefault(opposite, new ArrayDeque<>());
            if (signs.equals(opposite)) {
                chosen.add(pair);
            } else if (partners.isEmpty()) {
                waiting.computeIfAbsent(signs, s -> new ArrayDeque<>()).add(pair);
            } else {
                chosen.add(partners.poll()).add(pair);
            }
        }
        return chosen.build().sorted().toArray();
    }

    private static List<Integer> signs(int[] more, int direction) {
        return Arrays.stream(more)
                .map(difference -> direction * Integer.signum(difference))
                .boxed()
                .toList();
    }
}
