package dev.flipside.algo;

import java.util.stream.IntStream;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * Rank correlations, with mean ranks for ties. They are 0 when either side is constant or fewer than two pairs remain;
 * pairs with a NaN are left out.
 */
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

    /**
     * Spearman's rho of values minus their group's mean, all groups together: whether the order within prompts agrees,
     * whatever their levels. A group with a NaN is left out.
     */
    public static double groupSpearman(double[] x, double[] y, int groupSize) {
        return spearman(centred(x, groupSize), centred(y, groupSize));
    }

    /**
     * The mean over groups of Kendall's tau-b. Groups in which a side is constant have no order and are left out; NaN
     * when none remains.
     */
    public static double groupKendall(double[][] x, double[][] y) {
        Groups.requireSameLength("x", x.length, "y", y.length);
        return IntStream.range(0, x.length)
                .filter(g -> !Pairs.withoutNaN(x[g], y[g]).constant())
                .mapToDouble(g -> kendall(x[g], y[g]))
                .average()
                .orElse(Double.NaN);
    }

    /**
     * Spearman's rho of x and y at equal z: the partial correlation {@code (xy - xz yz) / sqrt((1 - xz^2)(1 - yz^2))}
     * of the ranks. NaN when z decides x or y alone.
     */
    public static double partialSpearman(double[] x, double[] y, double[] z) {
        boolean[] whole = new boolean[x.length];
        for (int i = 0; i < x.length; i++) {
            whole[i] = !Double.isNaN(x[i]) && !Double.isNaN(y[i]) && !Double.isNaN(z[i]);
        }
        return partialOfWhole(Groups.kept(x, whole), Groups.kept(y, whole), Groups.kept(z, whole));
    }

    private static double partialOfWhole(double[] x, double[] y, double[] z) {
        double xz = spearman(x, z);
        double yz = spearman(y, z);
        double unexplained = (1 - xz * xz) * (1 - yz * yz);
        return unexplained <= 1e-12 ? Double.NaN : (spearman(x, y) - xz * yz) / Math.sqrt(unexplained);
    }

    /** {@link #partialSpearman} of values minus their group's mean, all groups together. */
    public static double groupPartialSpearman(double[] x, double[] y, double[] z, int groupSize) {
        return partialSpearman(centred(x, groupSize), centred(y, groupSize), centred(z, groupSize));
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
