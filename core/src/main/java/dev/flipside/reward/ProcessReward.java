package dev.flipside.reward;

import dev.flipside.text.Conversation;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * {@code process}: asks a program that runs beside the training. It is started when it is first needed, reads a batch
 * of completions a line ({@link RewardBatches}) and writes a line with their rewards ({@link RewardAnswer}).
 */
final class ProcessReward implements RewardFunction {
    private static final RewardOption<List<String>> COMMAND = RewardOption.required(
            "command",
            OptionType.TEXTS,
            "The program and its arguments, such as `[python3, reward.py]`, without a shell; it starts in the folder of `flipside`.");
    private static final RewardOption<Double> TIMEOUT = RewardOption.of(
            "timeout",
            OptionType.NUMBER,
            600.0,
            "Seconds to wait for the answer to a batch before the run fails; the first includes the program's start.");

    private final RewardBatches batches;
    private final Lazy<RewardProcess> process;

    ProcessReward() {
        this(List.of(), new RewardBatches(1, false), Duration.ofSeconds(1));
    }

    private ProcessReward(List<String> command, RewardBatches batches, Duration timeout) {
        this.batches = batches;
        this.process = new Lazy<>(() -> RewardProcess.start(command, timeout));
    }

    @Override
    public String name() {
        return "process";
    }

    @Override
    public String summary() {
        return "Asks a program that runs beside the training: a line of JSON with completions in, a line with their rewards out.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(COMMAND, RewardBatches.SIZE, RewardBatches.MESSAGES, TIMEOUT);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        List<String> command = options.get(COMMAND);
        RewardBatches sent = RewardBatches.of(options);
        double seconds = options.get(TIMEOUT);
        options.require(
                seconds >= 0.001 && seconds <= 86_400, "must be between 0.001 and 86400, not " + seconds, TIMEOUT);
        options.end();
        return new ProcessReward(command, sent, Duration.ofMillis((long) (seconds * 1000)));
    }

    @Override
    public boolean judges(Conversation prompt, Map<String, Object> columns) {
        return batches.judges(name(), prompt, columns);
    }

    @Override
    public double[] score(List<Sample> samples) {
        double[] rewards = new double[samples.size()];
        int done = 0;
        for (RewardBatches.Batch batch : batches.of(samples)) {
            double[] some = process.get().rewards(batch);
            System.arraycopy(some, 0, rewards, done, some.length);
            done += some.length;
        }
        return rewards;
    }

    @Override
    public void close() {
        process.end(RewardProcess::close);
    }
}
