package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Test;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.apache.commons.math3.stat.inference.TTest;

/** Two-sided tests of paired differences against zero, one difference per seed. */
public final class PairedTests {
    /** 2^20 sign patterns are enumerated in a moment. */
    private static final int EXACT_UP_TO = 20;

    private static final int RANDOM_PATTERNS = 100_000;
    /** Fixed, so that the same values always give the same p. */
    private static final long SEED = 0;

    private static final double POWER = 0.8;

    private PairedTests() {}

    /**
     * The p-value; NaN with fewer than two differences, or with a test that cannot judge them (equal differences under
     * paired_t).
     */
    public static double pValue(Test test, double[] differences) {
        if (differences.length < 2) {
            return Double.NaN;
        }
        if (test == Test.SIGN_FLIP) {
            return signFlip(differences);
        }
        return new StandardDeviation().evaluate(differences) == 0 ? Double.NaN : new TTest().tTest(0, differences);
    }

    /** The smallest p-value that this many seeds can give, whatever they show. */
    public static double smallestPValue(Test test, int seeds) {
        if (seeds < 2) {
            return 1;
        }
        if (test == Test.PAIRED_T) {
            return 0;
        }
        return seeds <= EXACT_UP_TO ? Math.pow(2, 1 - seeds) : 1.0 / (RANDOM_PATTERNS + 1);
    }

    /**
     * The difference that would have been found with probability 0.8: {@code (t(1 - alpha/2) + t(0.8)) sd / sqrt(n)}
     * with n - 1 degrees of freedom, as for a paired t-test.
     *
     * @param deviation standard deviation of the differences
     * @return infinite with fewer than two seeds
     */
    public static double detectable(double deviation, int seeds, double alpha) {
        if (seeds < 2) {
            return Double.POSITIVE_INFINITY;
        }
        TDistribution t = new TDistribution(null, seeds - 1.0);
        double quantiles = t.inverseCumulativeProbability(1 - alpha / 2) + t.inverseCumulativeProbability(POWER);
        return quantiles * deviation / Math.sqrt(seeds);
    }

    /**
     * The share of sign patterns whose mean is at least as far from zero as the one seen (Fisher 1935); without a
     * difference each sign is a fair coin.
     */
    private static double signFlip(double[] d) {
        double seen = 0;
        double scale = 0;
        for (double value : d) {
            seen += value;
            scale += Math.abs(value);
        }
        // Patterns that tie with the one seen must count whatever the order of summation did to their last bits.
        double threshold = Math.abs(seen) - 1e-12 * scale;
        return d.length <= EXACT_UP_TO ? exact(d, threshold) : random(d, threshold);
    }

    private static double exact(double[] d, double threshold) {
        long patterns = 1L << d.length;
        long extreme = 0;
        for (long pattern = 0; pattern < patterns; pattern++) {
            double sum = 0;
            for (int i = 0; i < d.length; i++) {
                sum += (pattern >> i & 1) == 0 ? d[i] : -d[i];
            }
            extreme += Math.abs(sum) >= threshold ? 1 : 0;
        }
        return (double) extreme / patterns;
    }

    private static double random(double[] d, double threshold) {
        SplittableRandom random = new SplittableRandom(SEED);
        // The pattern that was seen is one of them.
        long extreme = 1;
        for (int draw = 0; draw < RANDOM_PATTERNS; draw++) {
            double sum = 0;
            for (double value : d) {
                sum += random.nextBoolean() ? value : -value;
            }
            extreme += Math.abs(sum) >= threshold ? 1 : 0;
        }
        return extreme / (RANDOM_PATTERNS + 1.0);
    }
}
