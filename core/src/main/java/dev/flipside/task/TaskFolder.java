package dev.flipside.task;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.Spelling;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.UserError;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.run.Durable;
import dev.flipside.run.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A task's data as files that the ordinary commands read, and {@code task.json}, which says what they were made with.
 * The folder appears whole or not at all.
 */
public record TaskFolder(Path folder) {
    private static final String MADE = "task.json";

    /** What the policy trains on: rows of {@code prompt} and the judge's columns. */
    public Path prompts() {
        return folder.resolve("prompts.jsonl");
    }

    /** The prompts of evaluations, in the same form. */
    public Path heldOutPrompts() {
        return folder.resolve("held-out-prompts.jsonl");
    }

    /** Pairs with mistakes: rows of {@code prompt}, {@code chosen}, {@code rejected} and the prompt's columns. */
    public Path labelledPairs() {
        return folder.resolve("labelled-pairs.jsonl");
    }

    /** Pairs with true labels for evaluations, in the same form. */
    public Path heldOutPairs() {
        return folder.resolve("held-out-pairs.jsonl");
    }

    /** Pairs with true labels for guard and gate, in the same form. */
    public Path trustedPairs() {
        return folder.resolve("trusted-pairs.jsonl");
    }

    /**
     * What data are made with, as {@code task.json} keeps it.
     *
     * @param model as the configuration or the command line names it
     * @param sampling of the pairs' completions, which the configuration may leave open
     */
    public static Map<String, Object> settings(TaskConfig config, long seed, String model, SamplingOptions sampling) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("task", Spelling.of(config.task()));
        settings.put("seed", seed);
        settings.put("model", model);
        settings.put("prompts", config.prompts());
        settings.put("held_out_prompts", config.heldOutPrompts());
        settings.put("pairs", config.pairs());
        settings.put("held_out", config.heldOut());
        settings.put("trusted", config.trusted());
        settings.put("flipped", config.flipped());
        settings.put("margin", config.margin());
        settings.put("sampling", Json.MAPPER.convertValue(sampling, new TypeReference<Map<String, Object>>() {}));
        return settings;
    }

    /**
     * Whether the data are there.
     *
     * @param settings as {@link #settings} says
     * @throws UserError when they were made with others
     */
    public boolean holds(Map<String, Object> settings) {
        Path made = folder.resolve(MADE);
        if (!Files.isRegularFile(made)) {
            return false;
        }
        try {
            JsonNode stored = Json.MAPPER.readTree(Files.readString(made)).path("settings");
            JsonNode now = Json.MAPPER.readTree(Json.line(settings));
            now.properties().stream()
                    .filter(entry -> !entry.getValue().equals(stored.path(entry.getKey())))
                    .findFirst()
                    .ifPresent(entry -> {
                        throw new UserError(made + ": " + entry.getKey() + " was "
                                + stored.path(entry.getKey()) + " when the data were made and is now "
                                + entry.getValue() + "; take the old value, or choose another output folder.");
                    });
            return true;
        } catch (IOException e) {
            throw new UserError(
                    made + " cannot be read (" + IoReason.of(e) + "): delete " + folder
                            + " to have its data made again.",
                    e);
        }
    }

    /**
     * Writes all files, in place of what is there.
     *
     * @throws UserError when they cannot be written
     */
    public void write(TaskData data, Map<String, Object> settings) {
        try {
            Durable.replaceFolder(folder, aside -> {
                TaskFolder files = new TaskFolder(aside);
                rows(
                        files.prompts(),
                        data.prompts().stream().map(TaskPrompt::row).toList());
                rows(
                        files.heldOutPrompts(),
                        data.heldOutPrompts().stream().map(TaskPrompt::row).toList());
                rows(
                        files.labelledPairs(),
                        data.labelled().stream().map(TaskPair::row).toList());
                rows(
                        files.heldOutPairs(),
                        data.heldOut().stream().map(TaskPair::row).toList());
                rows(
                        files.trustedPairs(),
                        data.trusted().stream().map(TaskPair::row).toList());
                Map<String, Object> made = new LinkedHashMap<>();
                made.put("settings", settings);
                made.put("samples", data.samples());
                text(aside.resolve(MADE), Json.pretty(made));
            });
        } catch (IOException | UncheckedIOException e) {
            throw new UserError(
                    folder + " cannot be written (" + IoReason.of(e) + "): free some space or choose another folder.",
                    e);
        }
    }

    private static void rows(Path file, List<Map<String, Object>> rows) {
        text(file, rows.stream().map(row -> Json.line(row) + "\n").collect(Collectors.joining()));
    }

    private static void text(Path file, String text) {
        try {
            Files.write(file, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
