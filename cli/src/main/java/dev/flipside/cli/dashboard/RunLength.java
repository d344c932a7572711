package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How many steps a run has, from its configuration.
 *
 * @param steps of {@code train}, or of {@code train-rm} with {@code training.max_steps}; 0 where the data decide
 * @param epochs of {@code train-rm}; 0 for {@code train}
 */
record RunLength(long steps, long epochs) {
    /** @param config its whole tree */
    static RunLength of(JsonNode config) {
        JsonNode training = config.path("training");
        if (training.isMissingNode()) {
            JsonNode run = config.path("run");
            return new RunLength(
                    run.path("max_steps").asLong() * run.path("rounds").asLong(1), 0);
        }
        return new RunLength(
                training.path("max_steps").asLong(),
                training.path("num_train_epochs").asLong());
    }

    /** Whether this is a reward model's training. */
    boolean ofRewardModel() {
        return epochs > 0;
    }

    /**
     * All steps; 0 where that is not known yet.
     *
     * @param step the newest that was logged
     * @param epoch that it came to; NaN where none was logged
     */
    long total(long step, double epoch) {
        if (steps > 0) {
            return steps;
        }
        return step > 0 && epoch > 0 ? epochs * Math.round(step / epoch) : 0;
    }
}
