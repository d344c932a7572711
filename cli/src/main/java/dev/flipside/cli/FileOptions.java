package dev.flipside.cli;

import picocli.CommandLine.Option;

/** What a command reads and writes that runs a model over rows. */
final class FileOptions {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "A Hugging Face model directory, or org/name[@revision] on the Hub.")
    private String model;

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

    String model() {
        return model;
    }

    String input() {
        return input;
    }

    String output() {
        return output;
    }
}
