package dev.flipside.train;

import dev.flipside.algo.Feedback;

/**
 * What an update changed on the very samples that taught it.
 *
 * @param after the improved model's grades
 * @param relabelled what its own advantages would teach now
 */
record RewardModelChange(Grades after, Feedback relabelled) {}
