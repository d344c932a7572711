package dev.flipside.reward;

import dev.flipside.config.UserError;

/**
 * One function of a {@link RewardMix}.
 *
 * @param label unique in the mix; names the function's metrics, usually {@link RewardFunction#name}
 * @param weight multiplies its rewards; finite
 */
public record RewardTerm(String label, RewardFunction function, double weight) {
    public RewardTerm {
        if (!Double.isFinite(weight)) {
            throw new UserError(
                    "Reward function '" + label + "': weight " + weight + " is not a number to multiply with.");
        }
    }
}
