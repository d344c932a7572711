package dev.flipside.cli.inspect;

import dev.flipside.cli.command.CommandGroup;
import dev.flipside.cli.task.DataMake;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** {@code flipside data}: what has to do with data files. */
@Command(
        name = "data",
        synopsisSubcommandLabel = "COMMAND",
        description = "Looks at data files, splits them, chooses from them and makes some.",
        subcommands = {
            DataInspect.class,
            DataSplit.class,
            DataFlip.class,
            DataChoose.class,
            DataMake.class,
            HelpCommand.class
        })
public final class Data extends CommandGroup {}
