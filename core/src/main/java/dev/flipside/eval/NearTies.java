package dev.flipside.eval;

import dev.flipside.algo.Groups;

/**
 * Rewards of a group that are all but equal: what is left of a ranking once a reward model has become a classifier with
 * two heaps.
 */
public final class NearTies {
    /**
     * A difference below this share of the group's standard deviation is a tie; of a normal distribution that is 2.8 %
     * of the pairs, of two equal heaps of many nearly half.
     */
    private static final double SHARE_OF_STD = 0.05;

    private NearTies() {}

    /**
     * The share of pairs within groups whose rewards differ by less than a twentieth of the group's standard deviation;
     * every pair of a constant group is one.
     *
     * @param rewards {@code [prompt][sample]}, rows may differ in length
     * @return NaN without a pair
     */
    public static double fraction(double[][] rewards) {
        long ties = 0;
        long pairs = 0;
        for (double[] group : rewards) {
            double least = SHARE_OF_STD * Groups.std(group);
            for (int i = 0; i < group.length; i++) {
                for (int j = 0; j < i; j++) {
                    double difference = Math.abs(group[i] - group[j]);
                    ties += difference < least || difference == 0 ? 1 : 0;
                    pairs++;
                }
            }
        }
        return pairs == 0 ? Double.NaN : (double) ties / pairs;
    }
}
