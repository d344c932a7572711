package dev.flipside.train;

import java.util.OptionalLong;

/**
 * An optimiser step of a reward model's update.
 *
 * @param step of the loop
 * @param miniBatch of that step, from 0
 * @param passTokens that go forward and backward together
 * @param dropoutKey names it, as in {@link dev.flipside.model.RewardModel#pass}
 */
record OptimiserStep(long step, int miniBatch, int passTokens, OptionalLong dropoutKey) {}
