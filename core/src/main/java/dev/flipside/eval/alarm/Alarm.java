package dev.flipside.eval.alarm;

import java.util.Locale;

/**
 * A rule that fired.
 *
 * @param name of the rule in lower case, such as {@code held_out_accuracy_loss}
 * @param level how bad it is
 * @param metric what it watches, as in {@code metrics.jsonl}
 * @param firstStep the first step at which it fired
 * @param value of the metric there; the mean of the last values where the rule looks at several
 * @param threshold what the value crossed; of a rule that compares with the start or with another metric, the number
 *     that this came to
 * @param meaning what it means and what to do, in one sentence
 */
public record Alarm(
        String name, Level level, String metric, long firstStep, double value, double threshold, String meaning) {

    /** One line for people: where, what, by how much, and what to do. */
    public String sentence() {
        return String.format(
                Locale.ROOT,
                "step %d: %s %s (%s %.3g, threshold %.3g): %s",
                firstStep,
                level.key(),
                name,
                metric,
                value,
                threshold,
                meaning);
    }
}
