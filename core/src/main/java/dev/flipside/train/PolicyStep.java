package dev.flipside.train;

import dev.flipside.algo.PolicyLossStatistics;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What all optimiser steps on one generation batch did; losses and norms are means over them.
 *
 * @param advantages group after group
 * @param gradNorm before clipping
 * @param learningRate of the last step
 * @param entropy mean over tokens, nats
 * @param statistics of the loss, over all steps
 * @param clipLowMin the least share of ratios clipped from below in a step
 * @param clipHighMax the greatest share clipped from above
 * @param tokensSaved share of the rows' tokens that shared prefixes spared
 * @param balanceLoss of a mixture of experts
 * @param samplingGap empty for a batch without a token
 */
record PolicyStep(
        double[] advantages,
        int optimiserSteps,
        double loss,
        double gradNorm,
        double learningRate,
        double entropy,
        PolicyLossStatistics statistics,
        double clipLowMin,
        double clipHighMax,
        double tokensSaved,
        OptionalDouble balanceLoss,
        Optional<SamplingGap> samplingGap) {

    /** Sums over the optimiser steps so far; tokens are this rank's alone until {@link #ofAllRanks}. */
    static final class Sums {
        private PolicyLossStatistics all = PolicyLossStatistics.empty();
        private int steps;
        private double loss;
        private double norm;
        private double rate;
        private double entropy;
        private double lowMin = 1;
        private double highMax;
        private double balanceLoss;
        private long tokens;
        private long computedTokens;

        /** Counts the tokens of rows alone, and what is computed in their place. */
        void tokens(long alone, long computed) {
            tokens += alone;
            computedTokens += computed;
        }

        /** Adds the tokens of other ranks; everything else is of all ranks already. */
        void ofAllRanks(Ranks ranks) {
            double[] counts = ranks.collective().sum(tokens, computedTokens);
            tokens = (long) counts[0];
            computedTokens = (long) counts[1];
        }

        void step(
                double stepLoss,
                double stepNorm,
                double stepRate,
                double entropySum,
                double stepBalanceLoss,
                PolicyLossStatistics statistics) {
            steps++;
            loss += stepLoss;
            norm += stepNorm;
            rate = stepRate;
            entropy += entropySum;
            balanceLoss += stepBalanceLoss;
            lowMin = Math.min(lowMin, statistics.clipRatioLow());
            highMax = Math.max(highMax, statistics.clipRatioHigh());
            all = all.plus(statistics);
        }

        /** @param experts whether the policy is a mixture of experts */
        PolicyStep of(double[] advantages, boolean experts, Optional<SamplingGap> gap) {
            return new PolicyStep(
                    advantages,
                    steps,
                    loss / steps,
                    norm / steps,
                    rate,
                    all.tokens() == 0 ? 0.0 : entropy / all.tokens(),
                    all,
                    lowMin,
                    highMax,
                    1 - (double) computedTokens / tokens,
                    experts ? OptionalDouble.of(balanceLoss / steps) : OptionalDouble.empty(),
                    gap);
        }
    }
}
