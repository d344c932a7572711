package dev.flipside.compare;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): the chance of any false finding among
 * several tests stays below the level.
 */
public final class Holm {
    private Holm() {}

    /**
     * Adjusted p-values: a test is significant at a level when its own is at most that level.
     *
     * @param p one per test; NaN for a test that could not be made, which stays NaN and counts all the same, because it
     *     was planned
     */
    public static double[] adjusted(double[] p) {
        Integer[] order = IntStream.range(0, p.length).boxed().toArray(Integer[]::new);
        // NaN sorts last.
        Arrays.sort(order, Comparator.comparingDouble(i -> p[i]));
        double[] adjusted = new double[p.length];
        double highest = 0;
        for (int rank = 0; rank < p.length; rank++) {
            double value = p[order[rank]];
            highest = Math.max(highest, Math.min(1, (p.length - rank) * value));
            adjusted[order[rank]] = Double.isNaN(value) ? Double.NaN : highest;
        }
        return adjusted;
    }
}
