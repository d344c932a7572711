package dev.flipside.algo;

import java.util.ArrayList;
import java.util.List;

/** Regression within groups: what differs between groups, such as how hard a prompt is, plays no part in it. */
public final class WithinGroups {
    private WithinGroups() {}

    /**
     * The rewards without what features of the completions explain of them: r_i - w . (f_i - f), with f the group's
     * mean, and w the least-squares slope of the rewards' differences from their group's mean, over all groups
     * together. Group means stay as they are.
     *
     * @param rewards {@code [group][sample]}
     * @param features {@code [group][sample][feature]}, at least one feature
     * @param usable which samples the slope and the means are taken from, {@code [group][sample]}; the others are
     *     corrected by them too
     * @return new arrays of the rewards' shape; equal to the rewards where no group has two usable samples
     */
    public static double[][] residuals(double[][] rewards, double[][][] features, boolean[][] usable) {
        Groups.requireSameLength("rewards", rewards.length, "features", features.length);
        Groups.requireSameLength("rewards", rewards.length, "usable", usable.length);
        double[][][] centred = new double[features.length][][];
        List<double[]> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int p = 0; p < rewards.length; p++) {
            centred[p] = centred(features[p], usable[p]);
            double[] kept = Groups.kept(rewards[p], usable[p]);
            if (kept.length < 2) {
                continue;
            }
            double mean = Groups.mean(kept);
            for (int i = 0; i < rewards[p].length; i++) {
                if (usable[p][i]) {
                    x.add(centred[p][i]);
                    y.add(rewards[p][i] - mean);
                }
            }
        }
        double[] slope = x.isEmpty() ? new double[features[0][0].length] : slope(x, y);
        double[][] residuals = new double[rewards.length][];
        for (int p = 0; p < rewards.length; p++) {
            residuals[p] = new double[rewards[p].length];
            for (int i = 0; i < rewards[p].length; i++) {
                residuals[p][i] = rewards[p][i];
                for (int f = 0; f < slope.length; f++) {
                    residuals[p][i] -= slope[f] * centred[p][i][f];
                }
            }
        }
        return residuals;
    }

    /** Of features that say the same, or nothing, the shortest of the best. */
    private static double[] slope(List<double[]> x, List<Double> y) {
        double[] targets = y.stream().mapToDouble(Double::doubleValue).toArray();
        return Ridge.fit(x.toArray(double[][]::new), targets, 0).weights();
    }

    /** Less the mean of the usable samples, or less nothing where none is usable. */
    private static double[][] centred(double[][] features, boolean[] usable) {
        double[][] centred = new double[features.length][];
        for (int i = 0; i < features.length; i++) {
            centred[i] = features[i].clone();
        }
        for (int f = 0; f < features[0].length; f++) {
            double[] column = new double[features.length];
            for (int i = 0; i < features.length; i++) {
                column[i] = features[i][f];
            }
            double[] kept = Groups.kept(column, usable);
            double mean = kept.length == 0 ? 0 : Groups.mean(kept);
            for (double[] row : centred) {
                row[f] -= mean;
            }
        }
        return centred;
    }
}
