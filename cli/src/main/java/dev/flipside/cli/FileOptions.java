package dev.flipside.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What a command reads and writes that runs a model over rows. */
final class FileOptions {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face model directory.")
    private Path model;

    @Option(
            names = "--input",
            paramLabel = "FILE",
            defaultValue = JsonLines.STANDARD_STREAM,
            description = "JSON Lines to read; - is standard input (default).")
    private String input;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            defaultValue = JsonLines.STANDARD_STREAM,
            description = "JSON Lines to write; - is standard output (default).")
    private String output;

    Path model() {
        return model;
    }

    String input() {
        return input;
    }

    String output() {
        return output;
    }
}
