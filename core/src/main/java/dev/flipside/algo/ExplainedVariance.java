package dev.flipside.algo;

import java.util.Arrays;

/**
 * How well values explain the mean rewards of their prompts.
 *
 * @param mse mean squared error of the values against the group means
 * @param meanMse that of the one number which fits best, the mean of the group means: their population variance
 * @param ceiling the R^2 of a perfect value function, below 1 because the mean of G samples is itself noisy: {@code T /
 *     (T + W / G)} with W the mean unbiased variance within groups and {@code T = max(0, unbiased variance of the group
 *     means - W / G)}
 * @param prompts how many had two rewards or more
 */
public record ExplainedVariance(double mse, double meanMse, double ceiling, int prompts) {

    /**
     * Compares values with rewards; prompts with fewer than two rewards say nothing about the noise and are left out.
     *
     * @param values {@code [prompts]}
     * @param rewards of the usable samples, {@code [prompt][sample]}; rows may differ in length, then W / G is the mean
     *     of the rows' own
     */
    public static ExplainedVariance of(double[] values, double[][] rewards) {
        Groups.requireSameLength("values", values.length, "rewards", rewards.length);
        double[] means = new double[values.length];
        double squares = 0;
        double noise = 0;
        int n = 0;
        for (int i = 0; i < values.length; i++) {
            if (rewards[i].length >= 2) {
                means[n] = Groups.mean(rewards[i]);
                squares += (values[i] - means[n]) * (values[i] - means[n]);
                noise += Groups.variance(rewards[i]) / rewards[i].length;
                n++;
            }
        }
        double variance = Groups.variance(Arrays.copyOf(means, n));
        double signal = Math.max(0.0, variance - noise / n);
        return new ExplainedVariance(
                squares / n, variance * (n - 1) / n, signal == 0 ? 0.0 : signal / (signal + noise / n), n);
    }

    /** {@code 1 - mse / meanMse}; NaN when all group means are equal or there are none. */
    public double r2() {
        return meanMse == 0 ? Double.NaN : 1 - mse / meanMse;
    }

    /** R^2 as a share of what is attainable; NaN when nothing is. */
    public double r2OverCeiling() {
        return ceiling == 0 ? Double.NaN : r2() / ceiling;
    }

    /** Whether there was anything to explain: one prompt's mean does not differ from itself. */
    public boolean measured() {
        return prompts >= 2;
    }

    /** Whether the values are at least as good as the mean of the group means. */
    public boolean noWorseThanMean() {
        return mse <= meanMse;
    }
}
