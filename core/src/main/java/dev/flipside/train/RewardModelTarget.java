package dev.flipside.train;

import dev.flipside.algo.Feedback;

/**
 * What every prompt teaches the reward model, held fixed within an optimiser step: labels, anchors
 * {@code [prompt][sample]} and value targets {@code [prompt][]}.
 */
record RewardModelTarget(Feedback feedback, double[][] anchors, double[][] values) {}
