package dev.flipside.algo;

import java.util.OptionalDouble;

/**
 * What one ratio of the policy to the one that sampled contributes to a policy's objective: where policy algorithms
 * differ most. {@link PolicyLoss} takes ratios over tokens or completions, weighs the contributions and adds them up.
 */
public sealed interface Surrogate {
    /**
     * One ratio's contribution, before its weight.
     *
     * @param objective to be maximised
     * @param pull the derivative of the objective with respect to the log-ratio, divided by the advantage
     * @param lowClipped whether the ratio is held from below
     * @param highClipped whether it is held from above
     */
    record Term(double objective, double pull, boolean lowClipped, boolean highClipped) {}

    /** @param ratio its logarithm's exponential; infinite where a policy has left its samples too far */
    Term of(double ratio, double advantage);

    /**
     * The clipped surrogate of PPO, which GRPO, RLOO and GSPO share: {@code min(min(rho, delta) A, clip(rho, 1 -
     * epsilon, 1 + epsilonHigh) A)}.
     *
     * @param epsilon lower clip range, at least 0
     * @param epsilonHigh upper clip range, at least 0
     * @param delta upper bound of the unclipped ratio (TRL's two-sided clipping, the dual clip of arXiv 1912.09729),
     *     above {@code 1 + epsilonHigh}
     */
    record Clipped(double epsilon, double epsilonHigh, OptionalDouble delta) implements Surrogate {
        public Clipped {
            Groups.requireNotNegative("epsilon", epsilon);
            Groups.requireNotNegative("epsilonHigh", epsilonHigh);
            if (delta.isPresent() && !(delta.getAsDouble() > 1 + epsilonHigh)) {
                throw new IllegalArgumentException(
                        "delta is " + delta.getAsDouble() + ", must be above 1 + epsilonHigh = " + (1 + epsilonHigh));
            }
        }

        @Override
        public Term of(double ratio, double advantage) {
            double low = 1 - epsilon;
            double high = 1 + epsilonHigh;
            double cap = delta.orElse(Double.POSITIVE_INFINITY);
            double capped = Math.min(ratio, cap) * advantage;
            double clipped = Math.max(low, Math.min(ratio, high)) * advantage;
            boolean moves = !(clipped < capped) && ratio <= cap;
            return new Term(
                    Math.min(capped, clipped),
                    moves ? ratio : 0,
                    ratio < low && advantage < 0,
                    ratio > high && advantage > 0);
        }
    }
}
