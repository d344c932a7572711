package dev.flipside.train;

import dev.flipside.config.AnchorConfig.Anchor;
import java.util.Map;

/**
 * What the beginning of a round decided, kept in checkpoints.
 *
 * @param anchor the configured anchor, or leave_one_out after a failed warm-up
 * @param floor the least group standard deviation of filter std
 * @param metrics what the warm-up measured
 */
record RoundStart(Anchor anchor, double floor, Map<String, Double> metrics) {}
