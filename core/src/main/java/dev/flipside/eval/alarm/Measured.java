package dev.flipside.eval.alarm;

import java.util.Map;

/**
 * What one line of a run's {@code metrics.jsonl} says.
 *
 * @param step of the training loop; 0 is before the first step
 * @param values by metric; a value that is not finite counts as not measured
 */
public record Measured(long step, Map<String, Double> values) {}
