package dev.flipside.cli.command;

import dev.flipside.rollout.SamplingOptions;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How completions are drawn. */
public final class SamplingFlags {
    private static final int DEFAULT_LENGTH = 256;
    private static final int EVALUATION_LENGTH = 1024;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--greedy", description = "Take the most probable token at every step.")
    private boolean greedy;

    @Option(
            names = "--max-completion-length",
            paramLabel = "N",
            description = "Most tokens of a completion (default: 256, in eval-policy 1024).")
    private Optional<Integer> maxCompletionLength = Optional.empty();

    @Option(names = "--temperature", paramLabel = "T", description = "Divides the logits (default: 1).")
    private Optional<Double> temperature = Optional.empty();

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Keep the most probable tokens that have this mass together (default: 1, all).")
    private Optional<Double> topP = Optional.empty();

    @Option(names = "--top-k", paramLabel = "K", description = "Keep the K most probable tokens (default: 0, all).")
    private Optional<Integer> topK = Optional.empty();

    @Option(names = "--seed", paramLabel = "S", description = "Seed of the random numbers (default: 0).")
    private Optional<Long> seed = Optional.empty();

    public boolean greedy() {
        return greedy;
    }

    public long seed() {
        return seed.orElse(0L);
    }

    /** Whether any of these flags was given. */
    public boolean given() {
        return greedy || maxCompletionLength.isPresent() || draws();
    }

    /**
     * As {@link #options}, but greedy unless a flag of drawing is given, and longer by default: what an evaluation
     * does.
     */
    public SamplingOptions evaluationOptions() {
        return options(!draws(), EVALUATION_LENGTH);
    }

    public SamplingOptions options() {
        return options(greedy, DEFAULT_LENGTH);
    }

    private boolean draws() {
        return temperature.isPresent() || topP.isPresent() || topK.isPresent() || seed.isPresent();
    }

    private SamplingOptions options(boolean mostProbable, int defaultLength) {
        int length = maxCompletionLength.orElse(defaultLength);
        if (greedy && draws()) {
            throw new ParameterException(
                    command.commandLine(),
                    "--greedy draws nothing, so --temperature, --top-p, --top-k and --seed have no effect with it; leave one or the other out");
        }
        return mostProbable
                ? SamplingOptions.greedy(length)
                : new SamplingOptions(
                        temperature.orElse(1.0), topP.orElse(1.0), topK.orElse(0), 0, 1, length, false, List.of());
    }
}
