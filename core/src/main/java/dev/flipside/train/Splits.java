package dev.flipside.train;

import java.util.Arrays;

/** Cutting work into parts. */
final class Splits {
    private Splits() {}

    /** Consecutive parts whose sizes differ by one at most. */
    static int[][] even(int[] items, int parts) {
        int[][] split = new int[parts][];
        for (int k = 0; k < parts; k++) {
            int from = (int) ((long) items.length * k / parts);
            int to = (int) ((long) items.length * (k + 1) / parts);
            split[k] = Arrays.copyOfRange(items, from, to);
        }
        return split;
    }

    /** Consecutive parts of at most {@code most} items. */
    static int[][] ofAtMost(int[] items, int most) {
        return even(items, Math.max(1, (items.length + most - 1) / most));
    }
}
