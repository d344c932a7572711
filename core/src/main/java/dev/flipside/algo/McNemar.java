package dev.flipside.algo;

import org.apache.commons.math3.distribution.BinomialDistribution;

/**
 * The exact McNemar test, one-sided or two-sided, on paired right/wrong answers: only the pairs on which two models
 * disagree count, and without a difference between the models each of them is a fair coin.
 *
 * @param worse answers that were right before and are wrong now
 * @param better answers that were wrong before and are right now
 */
public record McNemar(int worse, int better) {
    public McNemar {
        Groups.requireNotNegative("worse", worse);
        Groups.requireNotNegative("better", better);
    }

    /** Counts the disagreements of two models on the same items. */
    public static McNemar of(boolean[] rightBefore, boolean[] rightNow) {
        Groups.requireSameLength("rightBefore", rightBefore.length, "rightNow", rightNow.length);
        int worse = 0;
        int better = 0;
        for (int i = 0; i < rightBefore.length; i++) {
            worse += rightBefore[i] && !rightNow[i] ? 1 : 0;
            better += !rightBefore[i] && rightNow[i] ? 1 : 0;
        }
        return new McNemar(worse, better);
    }

    /** {@code P(X >= worse)} for {@code X ~ Binomial(worse + better, 1/2)}; 1 without a disagreement. */
    public double pValue() {
        // A fair coin is symmetric, P(X >= worse) = P(X <= better), and the lower tail is not a difference from 1.
        return new BinomialDistribution(null, worse + better, 0.5).cumulativeProbability(better);
    }

    /**
     * The two-sided test: how likely disagreements at least as one-sided as these are, in either direction; 1 without a
     * disagreement.
     */
    public double twoSidedPValue() {
        BinomialDistribution coin = new BinomialDistribution(null, worse + better, 0.5);
        return Math.min(1, 2 * coin.cumulativeProbability(Math.min(worse, better)));
    }

    /** Whether the model is worse now, at level alpha: {@code pValue() <= alpha}. */
    public boolean significantlyWorse(double alpha) {
        return pValue() <= alpha;
    }
}
