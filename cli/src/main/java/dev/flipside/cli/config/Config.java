package dev.flipside.cli.config;

import dev.flipside.cli.command.CommandGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** {@code flipside config}: what has to do with configurations. */
@Command(
        name = "config",
        synopsisSubcommandLabel = "COMMAND",
        description = "Writes configurations.",
        subcommands = {FromTrl.class, HelpCommand.class})
public final class Config extends CommandGroup {}
