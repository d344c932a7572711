package dev.flipside.cli.rows;

import dev.flipside.cli.cluster.ClusterFiles;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What a command reads and writes that runs a model over rows. */
public final class FileOptions {
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
            description = "JSON Lines to read; - is standard input (default). With --master also Parquet, and folders.")
    private String input;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            defaultValue = JsonLines.STANDARD_STREAM,
            description = "JSON Lines to write; - is standard output (default). With --master a folder of part files.")
    private String output;

    public String model() {
        return model;
    }

    /**
     * The same on a cluster.
     *
     * @throws UserError when one of them is a standard stream, which executors do not have
     */
    public ClusterFiles onCluster() {
        if (input.equals(JsonLines.STANDARD_STREAM) || output.equals(JsonLines.STANDARD_STREAM)) {
            throw new UserError(
                    "--master: executors have no standard input and output; name the rows with --input and a new folder for the results with --output.");
        }
        return new ClusterFiles(input, output);
    }

    /** The rows of the input. */
    public List<InputRow> rows(InputStream standardInput) {
        return JsonLines.read(input, standardInput);
    }

    /**
     * Where the results go.
     *
     * @throws UserError when that is the input, which would be lost while its results are computed
     */
    public String output() {
        boolean files = !input.equals(JsonLines.STANDARD_STREAM) && !output.equals(JsonLines.STANDARD_STREAM);
        if (files && isSameFile(Path.of(input), Path.of(output))) {
            throw new UserError("--output: " + output
                    + " is the file that --input names and would be overwritten by the results; choose another.");
        }
        return output;
    }

    private static boolean isSameFile(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            // One of them is not there yet.
            return false;
        }
    }
}
