package dev.flipside.cli.console;

/** The root of a command line: what every command below it learns from it. */
public interface CommandRoot {
    /** Where this run reads and writes. */
    Streams streams();
}
