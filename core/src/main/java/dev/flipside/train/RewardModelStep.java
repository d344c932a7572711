package dev.flipside.train;

import dev.flipside.algo.Feedback;

/**
 * What an update of the reward model saw and did.
 *
 * @param before the snapshot's grades
 * @param feedback advantages and labels from the snapshot
 * @param losses mean of its optimiser steps
 * @param course that was in force
 */
record RewardModelStep(Grades before, Feedback feedback, RewardModelLosses losses, Course course) {}
