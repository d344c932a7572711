package dev.flipside.cli.command;

import dev.flipside.cli.console.Streams;
import picocli.CommandLine.Model.CommandSpec;

/** The root of a command line: what every command below it learns from it. */
public interface CommandRoot {
    /** Where this run reads and writes. */
    Streams streams();

    /** The root that a command, or a group of its options, belongs to. */
    static CommandRoot of(CommandSpec command) {
        return (CommandRoot) command.root().userObject();
    }
}
