package dev.flipside.eval;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Percentile bootstrap (Efron 1979) of a mean, or of a ratio of sums: of the paired differences of some seeds, or of
 * thousands of prompts.
 */
public final class Bootstrap {
    private static final int RESAMPLES = 10_000;
    private static final double LEVEL = 0.95;
    /** Fixed, so that the same values always give the same interval. */
    private static final long SEED = 0;

    private Bootstrap() {}

    /**
     * Resamples the values 10,000 times with replacement.
     *
     * @param values at least one; a single value is its own interval, which says nothing about others
     */
    public static Interval meanOf(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("no values to resample");
        }
        double[] ones = new double[values.length];
        Arrays.fill(ones, 1);
        return ratioOf(values, ones);
    }

    /**
     * The sum of the numerators over the sum of the denominators, with the interval that resampling the items gives:
     * the share of instructions followed when the prompts are what was sampled.
     *
     * @param denominators one per numerator, each above 0; all 1 make it {@link #meanOf}
     * @throws IllegalArgumentException when the lengths differ or there is no item
     */
    public static Interval ratioOf(double[] numerators, double[] denominators) {
        if (numerators.length != denominators.length || numerators.length == 0) {
            throw new IllegalArgumentException(
                    numerators.length + " numerators, " + denominators.length + " denominators");
        }
        SplittableRandom random = new SplittableRandom(SEED);
        double[] ratios = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            double sum = 0;
            double whole = 0;
            for (int j = 0; j < numerators.length; j++) {
                int drawn = random.nextInt(numerators.length);
                sum += numerators[drawn];
                whole += denominators[drawn];
            }
            ratios[i] = sum / whole;
        }
        Arrays.sort(ratios);
        double tail = (1 - LEVEL) / 2;
        return new Interval(
                Arrays.stream(numerators).sum() / Arrays.stream(denominators).sum(),
                ratios[(int) (tail * RESAMPLES)],
                ratios[(int) ((1 - tail) * RESAMPLES)]);
    }

    /**
     * The mean of {@code values[i] - baseline[i]} with its interval: both come from the same seed.
     *
     * @throws IllegalArgumentException when the lengths differ or there is no value
     */
    public static Interval pairedDifference(double[] values, double[] baseline) {
        if (values.length != baseline.length) {
            throw new IllegalArgumentException(values.length + " values, " + baseline.length + " of the baseline");
        }
        double[] differences = new double[values.length];
        Arrays.setAll(differences, i -> values[i] - baseline[i]);
        return meanOf(differences);
    }
}
