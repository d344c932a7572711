package dev.flipside.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A configuration file and what the command line changes in it. */
public final class ConfigArguments {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Parameters(index = "0", paramLabel = "CONFIG", description = "A YAML file; docs/configuration.md lists the keys.")
    private Path file;

    @Parameters(
            index = "1..*",
            paramLabel = "section.key=value",
            description = "Replaces a key of the file, for example run.max_steps=20.")
    private List<String> changes = new ArrayList<>();

    public Path file() {
        return file;
    }

    /** The changes as typed. */
    public List<String> overrides() {
        return List.copyOf(changes);
    }

    /** The changes as typed, and the device when the command line names one. */
    public List<String> overrides(CommonOptions common) {
        List<String> overrides = new ArrayList<>(changes);
        if (command.commandLine().getParseResult().hasMatchedOption("--device")) {
            overrides.add("run.device=" + common.device());
        }
        return overrides;
    }

    /** The same command as a person would type it, with one more option. */
    public String again(CommonOptions common, String option) {
        return Stream.of(List.of("flipside", command.name(), file.toString()), overrides(common), List.of(option))
                .flatMap(List::stream)
                .map(ConfigArguments::quoted)
                .collect(Collectors.joining(" "));
    }

    /** A word for a POSIX shell. */
    private static String quoted(String word) {
        return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
