package dev.flipside.config;

/** Section {@code logging}: what a run writes besides its models. */
public record LoggingConfig(
        @Doc("Steps between lines of metrics.jsonl.") int loggingSteps,
        @Doc("Write TensorBoard event files beside metrics.jsonl.") boolean tensorboard,
        @Doc("Write every completion with the numbers that made its loss to samples.jsonl.") boolean logCompletions,
        @Doc(
                        "Limit in MiB of what samples.jsonl may grow to; under one it is continued in samples-2.jsonl and so on, and the oldest files are deleted when a checkpoint is written. 0 keeps everything in one file.")
                int samplesMaxMb) {

    public static LoggingConfig defaults() {
        return new LoggingConfig(1, true, true, 0);
    }
}
