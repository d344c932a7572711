package dev.flipside.algo;

import java.util.stream.IntStream;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/** Rank correlations, with mean ranks for ties. They are 0 when either side is constant or fewer than two pairs remain; pairs with a NaN are left out. */
public final class RankCorrelation {
    private RankCorrelation() {}

    /** Spearman's rho. */
    public static double spearman(double[] x, double[] y) {
        Pairs pairs = Pairs.withoutNaN(x, y);
        return pairs.constant() ? 0.0 : new SpearmansCorrelation().correlation(pairs.x, pairs.y);
    }

    /** Kendall's tau-b. */
    public static double kendall(double[] x, double[] y) {
        Pairs pairs = Pairs.withoutNaN(x, y);
        return pairs.constant() ? 0.0 : new KendallsCorrelation().correlation(pairs.x, pairs.y);
    }

    /** Spearman's rho of values minus their group's mean, all groups together: whether the order within prompts agrees, whatever their levels. A group with a NaN is left out. */
    public static double groupSpearman(double[] x, double[] y, int groupSize) {
        return spearman(centred(x, groupSize), centred(y, groupSize));
    }

    private static double[] centred(double[] x, int groupSize) {
        double[][] rows = Groups.rows(x, groupSize);
        for (double[] row : rows) {
            // Rounding must not rank the members of a constant group.
            double mean = Groups.allEqual(row) ? row[0] : Groups.mean(row);
            for (int i = 0; i < row.length; i++) {
                row[i] -= mean;
            }
        }
        return Groups.flat(rows);
    }

    private record Pairs(double[] x, double[] y) {
        static Pairs withoutNaN(double[] x, double[] y) {
            Groups.requireSameLength("x", x.length, "y", y.length);
            int[] kept = IntStream.range(0, x.length)
                    .filter(i -> !Double.isNaN(x[i]) && !Double.isNaN(y[i]))
                    .toArray();
            return new Pairs(
                    IntStream.of(kept).mapToDouble(i -> x[i]).toArray(),
                    IntStream.of(kept).mapToDouble(i -> y[i]).toArray());
        }

        boolean constant() {
            return Groups.allEqual(x) || Groups.allEqual(y);
        }
    }
}
