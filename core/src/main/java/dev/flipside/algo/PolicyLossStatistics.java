package dev.flipside.algo;

/**
 * What TRL logs about a policy loss, as sums that micro-batches can be added up with. A ratio belongs to a token or, at
 * the sequence levels, to a completion.
 *
 * @param sequences completions that took part
 * @param excluded completions that were left out: masked, or without a token
 * @param tokens tokens that took part
 * @param ratios ratios that took part: tokens or completions
 * @param lowClipped ratios below {@code 1 - epsilon} with a negative advantage
 * @param highClipped ratios above {@code 1 + epsilonHigh} with a positive advantage
 * @param ratioMin the smallest ratio; positive infinity when there is none
 * @param ratioMax the largest ratio; negative infinity when there is none
 * @param deviationSum sum of {@code ratio - 1}: ratios lie so close to 1 that sums of their own squares would lose the
 *     variance
 * @param deviationSquares sum of {@code (ratio - 1)^2}
 * @param logRatioSum sum over tokens of {@code logp - old logp}
 * @param klSum sum over tokens of the KL estimate; 0 without a reference
 */
public record PolicyLossStatistics(
        int sequences,
        int excluded,
        long tokens,
        long ratios,
        long lowClipped,
        long highClipped,
        double ratioMin,
        double ratioMax,
        double deviationSum,
        double deviationSquares,
        double logRatioSum,
        double klSum) {

    /** The statistics of no completion: the neutral element of {@link #plus}. */
    public static PolicyLossStatistics empty() {
        return new PolicyLossStatistics(
                0, 0, 0, 0, 0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, 0, 0, 0);
    }

    /** All numbers in the order of the components, as {@link #of} reads them. */
    public double[] numbers() {
        return new double[] {
            sequences,
            excluded,
            tokens,
            ratios,
            lowClipped,
            highClipped,
            ratioMin,
            ratioMax,
            deviationSum,
            deviationSquares,
            logRatioSum,
            klSum
        };
    }

    /** The inverse of {@link #numbers}. */
    public static PolicyLossStatistics of(double[] numbers) {
        return new PolicyLossStatistics(
                (int) numbers[0],
                (int) numbers[1],
                (long) numbers[2],
                (long) numbers[3],
                (long) numbers[4],
                (long) numbers[5],
                numbers[6],
                numbers[7],
                numbers[8],
                numbers[9],
                numbers[10],
                numbers[11]);
    }

    /** The statistics of both sets of completions. */
    public PolicyLossStatistics plus(PolicyLossStatistics other) {
        return new PolicyLossStatistics(
                sequences + other.sequences,
                excluded + other.excluded,
                tokens + other.tokens,
                ratios + other.ratios,
                lowClipped + other.lowClipped,
                highClipped + other.highClipped,
                Math.min(ratioMin, other.ratioMin),
                Math.max(ratioMax, other.ratioMax),
                deviationSum + other.deviationSum,
                deviationSquares + other.deviationSquares,
                logRatioSum + other.logRatioSum,
                klSum + other.klSum);
    }

    /** TRL's {@code clip_ratio/low_mean}. */
    public double clipRatioLow() {
        return fraction(lowClipped, ratios);
    }

    /** TRL's {@code clip_ratio/high_mean}. */
    public double clipRatioHigh() {
        return fraction(highClipped, ratios);
    }

    /** TRL's {@code clip_ratio/region_mean}. */
    public double clipRatioRegion() {
        return fraction(lowClipped + highClipped, ratios);
    }

    /** Mean ratio; 1 when there is none. */
    public double ratioMean() {
        return 1.0 + fraction(deviationSum, ratios);
    }

    /** Population variance of the ratios; 0 when there is none. */
    public double ratioVariance() {
        double mean = fraction(deviationSum, ratios);
        return Math.max(0.0, fraction(deviationSquares, ratios) - mean * mean);
    }

    /** TRL's {@code kl}: mean over tokens of the estimate. */
    public double kl() {
        return fraction(klSum, tokens);
    }

    /** Mean over tokens of {@code old logp - logp}: how far the policy has moved since it sampled. */
    public double approxKl() {
        return -fraction(logRatioSum, tokens);
    }

    private static double fraction(double sum, long count) {
        return count == 0 ? 0.0 : sum / count;
    }
}
