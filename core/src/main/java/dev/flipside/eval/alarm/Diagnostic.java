package dev.flipside.eval.alarm;

import java.util.Optional;

/**
 * A metric of a run as a person reads it.
 *
 * @param metric as in {@code metrics.jsonl}
 * @param label a short name
 * @param first value measured and {@code last} one; the same when there is only one
 * @param level of the worst alarm on this metric; empty when none fired
 * @param says what the metric measures
 * @param meaning the worst alarm's sentence, else the same as says
 */
public record Diagnostic(
        String metric, String label, double first, double last, Optional<Level> level, String says, String meaning) {}
