package dev.flipside.cli.machine;

import picocli.CommandLine.Option;

/** The size of the batch that {@code flipside bench} runs. */
final class BenchShape {
    @Option(names = "--prompts", paramLabel = "N", defaultValue = "4", description = "Prompts (default: 4).")
    private int prompts;

    @Option(names = "--group", paramLabel = "G", defaultValue = "8", description = "Rows per prompt (default: 8).")
    private int group;

    @Option(
            names = "--prompt-len",
            paramLabel = "P",
            defaultValue = "64",
            description = "Tokens of a prompt (default: 64).")
    private int promptLength;

    @Option(
            names = "--new",
            paramLabel = "T",
            defaultValue = "64",
            description = "Tokens of every completion, forced (default: 64).")
    private int newTokens;

    int prompts() {
        return prompts;
    }

    int group() {
        return group;
    }

    int promptLength() {
        return promptLength;
    }

    int newTokens() {
        return newTokens;
    }

    int rows() {
        return prompts * group;
    }

    /** Of all rows, prompt and completion. */
    long tokens() {
        return (long) rows() * (promptLength + newTokens);
    }
}
