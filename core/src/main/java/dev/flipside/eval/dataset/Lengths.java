package dev.flipside.eval.dataset;

import java.util.Arrays;

/** Lengths as they come, four bytes each, and how they are spread. */
public final class Lengths {
    private int[] values = new int[1024];
    private int count;

    void add(int length) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = length;
    }

    LengthSpread spread() {
        int[] sorted = Arrays.copyOf(values, count);
        Arrays.sort(sorted);
        return count == 0
                ? new LengthSpread(0, 0, 0, 0, 0)
                : new LengthSpread(count, sorted[0], ranked(sorted, 0.5), ranked(sorted, 0.95), sorted[count - 1]);
    }

    private static int ranked(int[] sorted, double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }
}
