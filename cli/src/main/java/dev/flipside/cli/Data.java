package dev.flipside.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code flipside data}: what has to do with data files. */
@Command(
        name = "data",
        synopsisSubcommandLabel = "COMMAND",
        description = "Looks at data files.",
        subcommands = {DataInspect.class, HelpCommand.class})
final class Data implements Runnable {
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
        throw new ParameterException(spec.commandLine(), "which command? inspect is there");
    }
}
