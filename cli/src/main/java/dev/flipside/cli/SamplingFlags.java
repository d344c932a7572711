package dev.flipside.cli;

import dev.flipside.rollout.SamplingOptions;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How completions are drawn. */
final class SamplingFlags {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--greedy", description = "Take the most probable token at every step.")
    private boolean greedy;

    @Option(
            names = "--max-completion-length",
            paramLabel = "N",
            defaultValue = "256",
            description = "Most tokens of a completion (default: ${DEFAULT-VALUE}).")
    private int maxCompletionLength;

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

    boolean greedy() {
        return greedy;
    }

    long seed() {
        return seed.orElse(0L);
    }

    SamplingOptions options() {
        boolean draws = temperature.isPresent() || topP.isPresent() || topK.isPresent() || seed.isPresent();
        if (greedy && draws) {
            throw new ParameterException(
                    command.commandLine(),
                    "--greedy draws nothing, so --temperature, --top-p, --top-k and --seed have no effect with it; leave one or the other out");
        }
        return greedy
                ? SamplingOptions.greedy(maxCompletionLength)
                : new SamplingOptions(
                        temperature.orElse(1.0),
                        topP.orElse(1.0),
                        topK.orElse(0),
                        0,
                        1,
                        maxCompletionLength,
                        false,
                        List.of());
    }
}
