package dev.flipside.train;

import java.util.Arrays;

/**
 * What a reward model thinks of some groups.
 *
 * @param rewards {@code [prompt][sample]}
 * @param values {@code [prompt]}
 */
record Grades(double[][] rewards, double[] values) {
    /** Rewards less the value of their prompt, {@code [prompt][sample]}. */
    double[][] advantages() {
        double[][] advantages = new double[values.length][];
        for (int p = 0; p < advantages.length; p++) {
            double value = values[p];
            advantages[p] = Arrays.stream(rewards[p]).map(r -> r - value).toArray();
        }
        return advantages;
    }

    /** Those of {@code count} groups, from {@code first} on. */
    Grades part(int first, int count) {
        return new Grades(
                Arrays.copyOfRange(rewards, first, first + count), Arrays.copyOfRange(values, first, first + count));
    }

    Grades with(Replacement replacement, Grades others) {
        return new Grades(replacement.in(rewards, others.rewards), replacement.in(values, others.values, 1));
    }
}
