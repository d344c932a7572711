package dev.flipside.cli.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.console.ResultStream;
import dev.flipside.cli.console.Text;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The results of a command that computes something for every row: JSON Lines, written as they come.
 *
 * <p>With {@code --json} standard output gets one object instead: the results themselves when they would have gone
 * there, else how many were written where.
 */
public final class RowResults {
    private final Console console;
    private final String output;
    private final OutputStream standardOutput;

    public RowResults(Console console, String output, OutputStream standardOutput) {
        this.console = console;
        this.output = output;
        this.standardOutput = standardOutput;
    }

    /**
     * Computes and writes {@code rows} in their order, {@code chunk} at a time.
     *
     * @param compute the results of some rows; any number of them
     * @throws OutputException when they cannot be written; nothing more is computed
     */
    public <R> void write(String task, List<R> rows, int chunk, Function<List<R>, List<ObjectNode>> compute) {
        boolean collect = console.json() && output.equals(JsonLines.STANDARD_STREAM);
        List<ObjectNode> collected = new ArrayList<>();
        long written = 0;
        try (PrintWriter lines = collect ? Text.writer(OutputStream.nullOutputStream()) : open();
                Progress progress = console.progress(task, rows.size(), "rows")) {
            for (int from = 0; from < rows.size(); from += chunk) {
                int to = Math.min(rows.size(), from + chunk);
                for (ObjectNode result : compute.apply(rows.subList(from, to))) {
                    requireFinite(result);
                    lines.println(result);
                    written++;
                    if (collect) {
                        collected.add(result);
                    }
                }
                progress.at(to, "");
            }
            // A file system may notice only now that it is full: before progress says that all is done.
            lines.close();
        }
        if (console.json()) {
            summarise(collect, collected, written);
        }
    }

    private void summarise(boolean collect, List<ObjectNode> collected, long written) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("rows", written);
        summary.put(collect ? "results" : "output", collect ? collected : output);
        console.result(() -> "", summary);
    }

    private PrintWriter open() {
        if (output.equals(JsonLines.STANDARD_STREAM)) {
            return Text.writer(standardOutput);
        }
        try {
            return Text.writer(ResultStream.of(Files.newOutputStream(Path.of(output)), output));
        } catch (IOException e) {
            throw new UserError("--output: " + output + " cannot be written: " + IoReason.of(e) + ".", e);
        }
    }

    /** JSON has no other numbers; a command that knows which row a result is of says so before. */
    public static void requireFinite(ObjectNode result) {
        result.properties().forEach(column -> {
            for (JsonNode value : column.getValue().isArray() ? column.getValue() : List.of(column.getValue())) {
                if (value.isNumber()) {
                    InputRow.requireFinite("the row with id " + result.path("id"), column.getKey(), value.asDouble());
                }
            }
        });
    }
}
