package dev.flipside.eval;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How different a policy's completions are from each other. */
public final class Diversity {
    private Diversity() {}

    /**
     * Distinct-n (arXiv 1510.03055): different n-grams over all n-grams of all completions. It falls with the number of
     * tokens looked at, so only batches of the same size compare.
     *
     * @param completions token ids
     * @param n at least 1
     * @return NaN when no completion has n tokens
     */
    public static double distinct(List<int[]> completions, int n) {
        Set<List<Integer>> different = new HashSet<>();
        long all = 0;
        for (int[] ids : completions) {
            for (int i = 0; i + n <= ids.length; i++) {
                different.add(Arrays.stream(ids, i, i + n).boxed().toList());
                all++;
            }
        }
        return all == 0 ? Double.NaN : (double) different.size() / all;
    }

    /**
     * The mean over groups of different completions over all; 1 when all differ, 1 / G when all are the same.
     * Completions are given group after group.
     */
    public static double uniqueFraction(List<int[]> completions, int groupSize) {
        double different = 0;
        for (int from = 0; from < completions.size(); from += groupSize) {
            Set<List<Integer>> group = new HashSet<>();
            for (int[] ids : completions.subList(from, from + groupSize)) {
                group.add(Arrays.stream(ids).boxed().toList());
            }
            different += group.size();
        }
        return different / completions.size();
    }
}
