package dev.flipside.algo;

import java.util.Arrays;

/**
 * A pull of every group's mean reward towards 0, which restores the level that contrasts alone leave free:
 * {@code lambda * mean over prompts of (mean reward)^2}.
 */
public final class Centering {
    private Centering() {}

    /**
     * The penalty of some prompts.
     *
     * @param gradRewards {@code [prompt][sample]}
     */
    public record Evaluation(double loss, double[][] gradRewards) {}

    /**
     * Evaluates the prompts of a micro-batch.
     *
     * @param rewards {@code [prompt][sample]}
     * @param lambda the weight
     * @param prompts the number of prompts of the whole mini-batch
     */
    public static Evaluation evaluate(double[][] rewards, double lambda, int prompts) {
        Groups.requirePositive("prompts", prompts);
        double loss = 0;
        double[][] gradRewards = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            double mean = Groups.mean(rewards[i]);
            loss += lambda * mean * mean / prompts;
            gradRewards[i] = new double[rewards[i].length];
            Arrays.fill(gradRewards[i], 2 * lambda * mean / (rewards[i].length * (double) prompts));
        }
        return new Evaluation(loss, gradRewards);
    }
}
