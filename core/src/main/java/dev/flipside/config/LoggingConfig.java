package dev.flipside.config;

/** Section {@code logging}: what a run writes besides its models. */
public record LoggingConfig(
        @Doc("Steps between lines of metrics.jsonl.") int loggingSteps,
        @Doc("Write TensorBoard event files beside metrics.jsonl.") boolean tensorboard,
        @Doc("Write every completion with the numbers that made its loss to samples.jsonl.") boolean logCompletions) {

    public static LoggingConfig defaults() {
        return new LoggingConfig(1, true, true);
    }
}
