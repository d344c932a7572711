package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Outcome;
import java.util.Arrays;
import java.util.Map;

/**
 * One outcome of a comparison.
 *
 * @param values by arm, seed after seed; NaN where a run did not measure it
 * @param differences by arm, without the baseline; an arm that shares no measured seed with the baseline is missing
 */
public record OutcomeResult(Outcome outcome, Map<String, double[]> values, Map<String, Difference> differences) {
    /** The mean over the seeds in which the arm was measured; NaN when in none. */
    public double mean(String arm) {
        return Arrays.stream(values.get(arm)).filter(Double::isFinite).average().orElse(Double.NaN);
    }
}
