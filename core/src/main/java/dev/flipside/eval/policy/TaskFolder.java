package dev.flipside.eval.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.run.Durable;
import dev.flipside.run.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The folder of an evaluation by program: {@code results.jsonl}, one item a line, and {@code summary.json}, what the
 * command prints with {@code --json}.
 */
public record TaskFolder(Path folder) {
    private Path results() {
        return folder.resolve("results.jsonl");
    }

    private Path summary() {
        return folder.resolve("summary.json");
    }

    /** Writes both; the summary last. */
    public void write(TaskResult result, Map<String, ?> summary) {
        StringBuilder lines = new StringBuilder();
        for (MarkedItem item : result.items()) {
            ObjectNode line = StrictJson.MAPPER.createObjectNode();
            line.put("id", item.id());
            line.put("truncated", item.truncated());
            line.set("scores", StrictJson.MAPPER.valueToTree(item.marks().scores()));
            line.set("groups", StrictJson.MAPPER.valueToTree(item.marks().groups()));
            line.setAll((ObjectNode) StrictJson.MAPPER.valueToTree(item.marks().details()));
            lines.append(line).append('\n');
        }
        try {
            Files.createDirectories(folder);
            Durable.write(results(), lines.toString());
        } catch (IOException e) {
            throw new UserError(
                    "--out: " + folder + " cannot be written: " + IoReason.of(e) + "; check the space and permissions.",
                    e);
        }
        // Last: a folder with a summary is a finished evaluation.
        JsonFile.write(summary(), summary);
    }

    /**
     * A finished evaluation of {@code task}.
     *
     * @throws UserError when the folder holds none, or one of another task
     */
    public TaskResult read(String task) {
        if (!Files.isRegularFile(results()) || !Files.isRegularFile(summary())) {
            throw new UserError(
                    "--compare: " + folder
                            + " holds no finished evaluation (results.jsonl and summary.json); give the --out of an earlier one.");
        }
        try {
            String found =
                    StrictJson.MAPPER.readTree(summary().toFile()).path("task").asText();
            if (!found.equals(task)) {
                throw new UserError(
                        "--compare: " + folder + " holds an evaluation on " + found + ", not on " + task + ".");
            }
        } catch (IOException e) {
            throw new UserError("--compare: " + summary() + " cannot be read: " + IoReason.of(e) + ".", e);
        }
        List<MarkedItem> items = new ArrayList<>();
        for (Row row : Rows.read(results())) {
            try {
                Marks marks = new Marks(scores(row.require("scores")), scores(row.require("groups")), Map.of());
                items.add(new MarkedItem(
                        row.require("id").asText(), row.require("truncated").asBoolean(), marks));
            } catch (IllegalArgumentException e) {
                throw row.error("has an impossible score (" + e.getMessage() + ")");
            }
        }
        return new TaskResult(items);
    }

    private static Map<String, Score> scores(JsonNode node) {
        Map<String, Score> scores = new LinkedHashMap<>();
        node.fields()
                .forEachRemaining(entry -> scores.put(
                        entry.getKey(),
                        new Score(
                                entry.getValue().path("hits").asInt(),
                                entry.getValue().path("of").asInt())));
        return scores;
    }
}
