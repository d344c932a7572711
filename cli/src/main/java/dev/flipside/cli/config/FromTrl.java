package dev.flipside.cli.config;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NewFile;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Table;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.trl.TrlFile;
import dev.flipside.trl.TrlTrainer;
import dev.flipside.trl.TrlTranslation;
import dev.flipside.trl.TrlTranslation.Key;
import dev.flipside.trl.TrlTranslation.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside config from-trl}: a configuration of TRL as ours. */
@Command(
        name = "from-trl",
        description = {
            "Writes a configuration from a GRPOConfig, an RLOOConfig or a RewardConfig of TRL 1.13, and says of each key what became of it.",
            "FILE is what TRL's command line reads: keys and values in YAML or JSON. Defaults of TRL that are others here are written down.",
            "The reward model does not learn, as in TRL: save.preset is off; faithful or auto lets it."
        })
final class FromTrl extends FlipsideCommand {
    @Parameters(paramLabel = "FILE", description = "A configuration of TRL, in YAML or JSON.")
    private Path file;

    @Option(
            names = "--trainer",
            paramLabel = "T",
            description = "grpo, gspo, rloo or reward (default: what the keys say).")
    private Optional<TrlTrainer> trainer = Optional.empty();

    @Option(names = "--output", paramLabel = "FILE", required = true, description = "The file to write, in YAML.")
    private Path output;

    @Override
    protected int run(Console console) {
        NewFile.require(output);
        TrlTranslation translation = TrlTranslation.of(TrlFile.read(file), trainer);
        String command = translation.trainer() == TrlTrainer.REWARD ? "train-rm" : "train";
        NewFile.write(
                output,
                "# From " + file.getFileName() + " of TRL, by `flipside config from-trl`: a file of `flipside "
                        + command + "`.\n" + ConfigReader.yaml(translation.configuration()));
        Optional<String> incomplete = incomplete(command);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("trainer", Spelling.of(translation.trainer()));
        object.put("command", command);
        object.put("output", output.toString());
        object.put("keys", translation.keys().stream().map(FromTrl::object).toList());
        object.put("missing", translation.missing());
        incomplete.ifPresent(what -> object.put("incomplete", what));
        console.result(() -> text(translation, command, incomplete), object);
        return ExitCode.OK;
    }

    /** What the file still needs before it can be run. */
    private Optional<String> incomplete(String command) {
        try {
            if (command.equals("train")) {
                ConfigReader.train(output, List.of());
            } else {
                ConfigReader.rewardTraining(output, List.of());
            }
            return Optional.empty();
        } catch (UserError e) {
            return Optional.of(e.getMessage());
        }
    }

    private static Map<String, Object> object(Key key) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("key", key.name());
        object.put("value", key.value());
        object.put("outcome", Spelling.of(key.outcome()));
        object.put("what", key.what());
        return object;
    }

    private String text(TrlTranslation translation, String command, Optional<String> incomplete) {
        List<List<String>> rows = new ArrayList<>();
        for (Key key : translation.keys()) {
            rows.add(List.of(key.name(), key.value(), mark(key.outcome()), key.what()));
        }
        String missing = translation.missing() == 0
                ? ""
                : "\n" + translation.missing()
                        + (translation.missing() == 1 ? " key is" : " keys are")
                        + " marked !!: what TRL does there has to be had in another way, or not at all.\n";
        String next = incomplete
                .map(what -> "\nWritten to " + output + ", which is not complete: " + what + "\n")
                .orElse("\nWritten to " + output + "; look at it with `flipside validate " + output
                        + "`, run it with `flipside " + command + " " + output + "`.\n");
        return new Table(List.of("TRL", "value", "", "here"), rows).render() + missing + next;
    }

    private static String mark(Outcome outcome) {
        return switch (outcome) {
            case TRANSLATED -> "->";
            case DEFAULT -> "+";
            case LEFT_OUT -> "-";
            case MISSING -> "!!";
        };
    }
}
