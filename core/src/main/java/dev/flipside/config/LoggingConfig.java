package dev.flipside.config;

/** Section {@code logging}: what a run writes besides its models. */
public record LoggingConfig(
        @Doc("Steps between lines of `metrics.jsonl`.") int loggingSteps,
        @Doc("Write TensorBoard event files beside `metrics.jsonl`.") boolean tensorboard,
        @Doc("Write every completion with the numbers that made its loss to `samples.jsonl`.") boolean logCompletions,
        @Doc(
                        "Limit in MiB of what is kept of the samples; 0 keeps everything in one file. Under a limit `samples.jsonl` is continued in `samples-2.jsonl` and so on. The oldest files are deleted when a checkpoint is written.")
                int samplesMaxMb) {

    public static LoggingConfig defaults() {
        return new LoggingConfig(1, true, true, 0);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.atLeast("logging_steps", loggingSteps, 1);
        in.atLeast("samples_max_mb", samplesMaxMb, 0);
    }
}
