package dev.flipside.train;

import java.util.Optional;

/**
 * A reward-model update's losses: means over its optimiser steps.
 *
 * @param total what was minimised
 * @param contrast of positives and negatives around the anchor, before its weight
 * @param value of the value head
 * @param guard what the guard found, where there is one
 * @param gradNorm of the backbone and the reward head, before clipping
 * @param steps optimiser steps
 */
record RewardModelLosses(
        double total, double contrast, double value, Optional<GuardFigures> guard, double gradNorm, int steps) {}
