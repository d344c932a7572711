package dev.flipside.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

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

    /**
     * Consecutive parts of at most {@code most} in size and {@code count} in number; a single larger item is a part.
     */
    static <T> List<List<T>> fitting(List<T> items, ToLongFunction<T> size, long most, int count) {
        List<List<T>> parts = new ArrayList<>();
        List<T> part = new ArrayList<>();
        long held = 0;
        for (T item : items) {
            long more = size.applyAsLong(item);
            if (!part.isEmpty() && (held + more > most || part.size() == count)) {
                parts.add(part);
                part = new ArrayList<>();
                held = 0;
            }
            part.add(item);
            held += more;
        }
        if (!part.isEmpty()) {
            parts.add(part);
        }
        return parts;
    }

    /** Consecutive parts of at most {@code most} items; none of no items. */
    static int[][] ofAtMost(int[] items, int most) {
        return even(items, (items.length + most - 1) / most);
    }
}
