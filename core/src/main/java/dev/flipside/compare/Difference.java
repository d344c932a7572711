package dev.flipside.compare;

import dev.flipside.eval.Interval;
import java.util.Optional;

/**
 * An arm against the baseline in one outcome, seed by seed.
 *
 * @param bySeed arm minus baseline, one per seed in which both were measured
 * @param interval their mean with its 95 % bootstrap interval over seeds
 * @param deviation their standard deviation; NaN for one seed
 * @param pValue two-sided; NaN where the test cannot be made
 * @param corrected the same corrected over the primary outcomes of the criterion's arms; NaN for an outcome or arm
 *     beside these
 * @param detectable what these seeds could have detected with probability 0.8 at the level of the corrected test
 * @param verdict of the criterion; only for its arms and primary outcomes
 */
public record Difference(
        double[] bySeed,
        Interval interval,
        double deviation,
        double pValue,
        double corrected,
        double detectable,
        Verdict verdict) {

    /** Fewer seeds have no interval to speak of: it would only repeat them. */
    private static final int FEWEST_FOR_AN_INTERVAL = 3;

    /** The interval, where there are seeds enough for one. */
    public Optional<Interval> intervalOverSeeds() {
        return seeds() < FEWEST_FOR_AN_INTERVAL ? Optional.empty() : Optional.of(interval);
    }

    /** Seeds in which both were measured. */
    public int seeds() {
        return bySeed.length;
    }
}
