package dev.flipside.algo;

import java.util.Arrays;

/** Rewards of a batch as groups: one row per prompt, one column per sampled completion. */
public final class Groups {
    private Groups() {}

    /**
     * Cuts a flat array, laid out group after group, into rows.
     *
     * @throws IllegalArgumentException unless {@code groupSize} is positive and divides the length
     */
    public static double[][] rows(double[] flat, int groupSize) {
        requireWholeGroups(flat.length, groupSize);
        double[][] rows = new double[flat.length / groupSize][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(flat, i * groupSize, (i + 1) * groupSize);
        }
        return rows;
    }

    /** The rows one after the other: the inverse of {@link #rows}. */
    public static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /** A mask of the same shape in which every sample counts. */
    public static boolean[][] allUsable(double[][] rows) {
        boolean[][] usable = new boolean[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            usable[i] = new boolean[rows[i].length];
            Arrays.fill(usable[i], true);
        }
        return usable;
    }

    /** The entries of a row that a mask keeps, in order. */
    public static double[] kept(double[] row, boolean[] usable) {
        requireSameLength("row", row.length, "mask", usable.length);
        double[] kept = new double[row.length];
        int n = 0;
        for (int i = 0; i < row.length; i++) {
            if (usable[i]) {
                kept[n++] = row[i];
            }
        }
        return Arrays.copyOf(kept, n);
    }

    /** The rows at some places, in that order; not copied. */
    public static <T> T[] pick(T[] rows, int[] places) {
        T[] picked = Arrays.copyOf(rows, places.length);
        for (int i = 0; i < places.length; i++) {
            picked[i] = rows[places[i]];
        }
        return picked;
    }

    /** How many are true. */
    public static int count(boolean[] row) {
        int n = 0;
        for (boolean b : row) {
            n += b ? 1 : 0;
        }
        return n;
    }

    /** The entries that are not NaN, in order: those that something could judge. */
    public static double[] scorable(double[] row) {
        return Arrays.stream(row).filter(x -> !Double.isNaN(x)).toArray();
    }

    /** The arithmetic mean; NaN for an empty row. */
    public static double mean(double[] row) {
        double sum = 0;
        for (double x : row) {
            sum += x;
        }
        return sum / row.length;
    }

    /** The unbiased variance (divisor n - 1); 0 for fewer than two values and exactly 0 when all are equal. */
    public static double variance(double[] row) {
        if (row.length < 2 || allEqual(row)) {
            return 0;
        }
        double mean = mean(row);
        double squares = 0;
        for (double x : row) {
            squares += (x - mean) * (x - mean);
        }
        return squares / (row.length - 1);
    }

    /** The square root of {@link #variance}. */
    public static double std(double[] row) {
        return Math.sqrt(variance(row));
    }

    /**
     * Whether all values are the same number. Such a group has no contrast, and testing it by equality keeps the
     * rounding error of its mean from becoming one.
     */
    public static boolean allEqual(double[] row) {
        for (double x : row) {
            if (x != row[0]) {
                return false;
            }
        }
        return true;
    }

    static void requireWholeGroups(int length, int groupSize) {
        if (groupSize < 1 || length % groupSize != 0) {
            throw new IllegalArgumentException(length + " values are not whole groups of " + groupSize);
        }
    }

    static void requireSameLength(String a, int lengthA, String b, int lengthB) {
        if (lengthA != lengthB) {
            throw new IllegalArgumentException(a + " has " + lengthA + " entries, " + b + " has " + lengthB);
        }
    }

    static void requirePositive(String name, double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be above 0");
        }
    }

    static void requireNotNegative(String name, double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be at least 0");
        }
    }
}
