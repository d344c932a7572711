package dev.flipside.train;

import dev.flipside.algo.Feedback;
import java.util.OptionalDouble;

/**
 * What an update of the reward model saw and did.
 *
 * @param before the snapshot's grades
 * @param feedback advantages and labels from the snapshot
 * @param losses mean of its optimiser steps
 */
record RewardModelStep(Grades before, Feedback feedback, Losses losses) {
    /**
     * Means over the optimiser steps of an update.
     *
     * @param total what was minimised
     * @param contrast of positives and negatives around the anchor, before its weight
     * @param value of the value head
     * @param replay of labelled pairs, where they are replayed
     * @param gradNorm of the backbone and the reward head, before clipping
     * @param steps optimiser steps
     */
    record Losses(double total, double contrast, double value, OptionalDouble replay, double gradNorm, int steps) {}
}
