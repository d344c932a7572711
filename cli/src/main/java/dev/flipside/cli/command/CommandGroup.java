package dev.flipside.cli.command;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command that does nothing but hold others; without one of them it says which there are, by its
 * {@code synopsisSubcommandLabel}.
 */
public abstract class CommandGroup implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    @Override
    public void run() {
        List<String> names = spec.subcommands().keySet().stream()
                .filter(name -> !name.equals("help"))
                .toList();
        String kind = spec.usageMessage().synopsisSubcommandLabel().toLowerCase(Locale.ROOT);
        throw new ParameterException(
                spec.commandLine(),
                "which " + kind + "? " + String.join(", ", names) + (names.size() == 1 ? " is there" : " are there"));
    }
}
