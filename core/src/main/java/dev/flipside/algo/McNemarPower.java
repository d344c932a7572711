package dev.flipside.algo;

import java.util.OptionalDouble;
import org.apache.commons.math3.distribution.BinomialDistribution;

/**
 * What the one-sided exact McNemar test can see: how likely it is to find a loss of accuracy significant.
 *
 * <p>Of n pairs so many change sides: the number is binomial with the share of pairs that are worse or better, and of
 * those that changed the number of worse ones is binomial again. The sum over both is exact.
 *
 * @param pairs that are asked
 * @param alpha of the test
 */
public record McNemarPower(int pairs, double alpha) {
    /** Halvings of an interval of losses: it ends narrower than 1e-6. */
    private static final int HALVINGS = 20;

    public McNemarPower {
        Groups.requireNotNegative("pairs", pairs);
    }

    /**
     * The probability that {@link McNemar#significantlyWorse} holds.
     *
     * @param worse share of pairs that were right before and are wrong now
     * @param better share that were wrong and are right
     */
    public double of(double worse, double better) {
        double changed = worse + better;
        if (pairs == 0 || changed <= 0) {
            return 0;
        }
        BinomialDistribution changes = new BinomialDistribution(null, pairs, Math.min(1, changed));
        double power = 0;
        for (int n = 1; n <= pairs; n++) {
            double chance = changes.probability(n);
            if (chance > 0) {
                BinomialDistribution worseOnes = new BinomialDistribution(null, n, worse / changed);
                power += chance * (1 - worseOnes.cumulativeProbability(leastWorse(n) - 1));
            }
        }
        return power;
    }

    /** The fewest worse ones among n changes that are significant; n + 1 where not even all of them are. */
    private int leastWorse(int n) {
        BinomialDistribution coin = new BinomialDistribution(null, n, 0.5);
        int most = -1;
        int beyond = n + 1;
        // P(X <= better) grows with the number of better ones.
        while (beyond - most > 1) {
            int better = (most + beyond) >>> 1;
            if (coin.cumulativeProbability(better) <= alpha) {
                most = better;
            } else {
                beyond = better;
            }
        }
        return n - most;
    }

    /**
     * The smallest loss of accuracy, as a share of the pairs, that is found with that probability.
     *
     * @param power wanted, such as 0.8
     * @param turnover share of pairs that change sides besides, half of them each way
     * @return empty where the greatest possible loss is not found as often
     */
    public OptionalDouble smallestLoss(double power, double turnover) {
        double low = 0;
        double high = 1 - turnover;
        if (of(high + turnover / 2, turnover / 2) < power) {
            return OptionalDouble.empty();
        }
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (of(middle + turnover / 2, turnover / 2) < power) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return OptionalDouble.of(high);
    }
}
