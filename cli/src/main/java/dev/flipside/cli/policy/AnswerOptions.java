package dev.flipside.cli.policy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where the answers of an evaluated policy come from, and where the evaluation is kept. */
public final class AnswerOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @ArgGroup(multiplicity = "1")
    private Source source;

    /** One of the two. */
    private static final class Source {
        @Option(
                names = "--model",
                paramLabel = "MODEL",
                description = "The policy: a Hugging Face model directory, or org/name[@revision] on the Hub.")
        private Optional<String> model = Optional.empty();

        @Option(
                names = "--answers",
                paramLabel = "FILE",
                description = {
                    "Answers made elsewhere, instead of --model: rows {\"id\", \"completion\"}, as generate writes them, or {\"prompt\", \"response\"};",
                    "\"finish_reason\": \"length\" marks a cut one."
                })
        private Optional<Path> answers = Optional.empty();
    }

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Folder for the answers and the results.")
    private Path out;

    @Option(names = "--limit", paramLabel = "N", description = "Only the first N prompts (default: all).")
    private Optional<Integer> limit = Optional.empty();

    Optional<String> model() {
        return source.model;
    }

    Optional<Path> answers() {
        return source.answers;
    }

    /** What the evaluated policy is called, when nobody says: what its answers name, or its directory. */
    public String policyName() {
        return answers()
                .map(NativeAnswers::name)
                .orElseGet(() -> Path.of(model().orElseThrow()).getFileName().toString());
    }

    public Path out() {
        return out;
    }

    /** The first {@code --limit} items. */
    public <T> List<T> limited(List<T> items) {
        if (limit.isPresent() && limit.get() < 1) {
            throw new ParameterException(
                    command.commandLine(), "--limit is " + limit.get() + ", it must be at least 1");
        }
        return items.subList(0, Math.min(items.size(), limit.orElse(items.size())));
    }
}
