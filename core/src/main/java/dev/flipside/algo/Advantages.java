package dev.flipside.algo;

import java.util.Arrays;

/**
 * Group-relative advantages. Rewards are laid out group after group: {@code [prompts * groupSize]}.
 *
 * <p>A NaN reward cannot be scored: it is left out of its group's baseline and gets advantage 0. A group whose scorable
 * rewards are all equal gets exactly 0.
 */
public final class Advantages {
    /** What is added to the standard deviation before dividing by it (TRL's value; other trainers use 1e-6 or 1e-9). */
    public static final double STD_EPSILON = 1e-4;

    private Advantages() {}

    /** TRL's {@code scale_rewards}: by which standard deviation GRPO divides the centred rewards. */
    public enum ScaleRewards {
        /** That of the group (GRPO, arXiv 2402.03300). */
        GROUP,
        /** That of all rewards of the batch. */
        BATCH,
        /** None (Dr. GRPO, arXiv 2503.20783). */
        NONE
    }

    /** {@link #grpo(double[], int, ScaleRewards, double)} with {@link #STD_EPSILON}. */
    public static double[] grpo(double[] rewards, int groupSize, ScaleRewards scale) {
        return grpo(rewards, groupSize, scale, STD_EPSILON);
    }

    /**
     * GRPO: {@code (R - mean of the group) / (std + epsilon)} with the unbiased standard deviation.
     *
     * @param groupSize samples per prompt, at least 2
     * @throws IllegalArgumentException for a group of one, or rewards that are not whole groups
     */
    public static double[] grpo(double[] rewards, int groupSize, ScaleRewards scale, double epsilon) {
        requireGroups(rewards, groupSize);
        double batchStd = Groups.std(Groups.scorable(rewards));
        double[] advantages = new double[rewards.length];
        for (int start = 0; start < rewards.length; start += groupSize) {
            double[] scored = Groups.scorable(Arrays.copyOfRange(rewards, start, start + groupSize));
            if (Groups.allEqual(scored)) {
                continue;
            }
            double mean = Groups.mean(scored);
            double divisor =
                    switch (scale) {
                        case GROUP -> Groups.std(scored) + epsilon;
                        case BATCH -> batchStd + epsilon;
                        case NONE -> 1.0;
                    };
            for (int i = start; i < start + groupSize; i++) {
                advantages[i] = Double.isNaN(rewards[i]) ? 0.0 : (rewards[i] - mean) / divisor;
            }
        }
        return advantages;
    }

    /**
     * RLOO (arXiv 2402.14740): the reward minus the mean of the group's other rewards, which is {@code n / (n - 1) (R -
     * mean)}.
     *
     * @param groupSize samples per prompt, at least 2
     * @throws IllegalArgumentException for a group of one, or rewards that are not whole groups
     */
    public static double[] rloo(double[] rewards, int groupSize) {
        requireGroups(rewards, groupSize);
        double[] advantages = new double[rewards.length];
        for (int start = 0; start < rewards.length; start += groupSize) {
            double[] scored = Groups.scorable(Arrays.copyOfRange(rewards, start, start + groupSize));
            if (Groups.allEqual(scored)) {
                continue;
            }
            double mean = Groups.mean(scored);
            double factor = scored.length / (scored.length - 1.0);
            for (int i = start; i < start + groupSize; i++) {
                advantages[i] = Double.isNaN(rewards[i]) ? 0.0 : factor * (rewards[i] - mean);
            }
        }
        return advantages;
    }

    /**
     * RLOO's reward with the KL penalty taken from it: {@code R - beta * sum over tokens of (logp - ref logp)}, both of
     * the policy that sampled.
     *
     * @param klSums k1 summed over each whole completion, {@code [rewards]}
     */
    public static double[] klInReward(double[] rewards, double[] klSums, double beta) {
        Groups.requireSameLength("rewards", rewards.length, "klSums", klSums.length);
        double[] penalised = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            penalised[i] = rewards[i] - beta * klSums[i];
        }
        return penalised;
    }

    private static void requireGroups(double[] rewards, int groupSize) {
        if (groupSize < 2) {
            throw new IllegalArgumentException(
                    "a group of " + groupSize + " has no baseline; at least 2 samples per prompt are needed");
        }
        Groups.requireWholeGroups(rewards.length, groupSize);
    }
}
