package dev.flipside.eval.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.AppendLog;
import dev.flipside.run.JsonFile;
import dev.flipside.run.MadeWith;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code answers.jsonl}: the answers of one model under one set of sampling options, appended as they come, so that an
 * interrupted evaluation goes on. What made them stands in {@code generation.json} beside it; answers of another model
 * or of other options are never mixed with them.
 */
final class AnswerLog implements AutoCloseable {
    private final Path file;
    private final AppendLog log;
    private final Map<String, Line> lines;

    /** One line of the file. */
    private record Line(String id, List<Turn> messages, String completion, String finishReason, int completionTokens) {}

    private record Turn(String role, String content) {
        static List<Turn> of(PolicyPrompt prompt) {
            return prompt.messages().messages().stream()
                    .map(message -> new Turn(message.role(), message.content()))
                    .toList();
        }
    }

    private AnswerLog(Path file, AppendLog log, Map<String, Line> lines) {
        this.file = file;
        this.log = log;
        this.lines = lines;
    }

    /**
     * Opens the folder's answers; creates what is not there.
     *
     * @param generation what makes them; JSON values by name
     * @throws UserError when the folder holds answers made otherwise, or damaged ones
     */
    static AnswerLog open(Path folder, Map<String, ?> generation) {
        Path file = folder.resolve("answers.jsonl");
        try {
            Files.createDirectories(folder);
            agree(folder.resolve("generation.json"), generation);
            Map<String, Line> lines = parse(file, AppendLog.wholeLines(file));
            return new AnswerLog(file, AppendLog.resume(file), lines);
        } catch (IOException e) {
            throw new UserError(
                    "--out: " + folder + " cannot be used: " + IoReason.of(e) + "; check the path and permissions.", e);
        }
    }

    private static void agree(Path file, Map<String, ?> generation) throws IOException {
        if (!Files.exists(file)) {
            JsonFile.write(file, generation);
            return;
        }
        MadeWith.requireSame(
                "--out: " + file.getParent() + " holds answers",
                "folder",
                texts(StrictJson.MAPPER.readTree(file.toFile())),
                texts(StrictJson.MAPPER.valueToTree(generation)));
    }

    /** As text, since numbers of equal value may have different node types once they were read. */
    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new LinkedHashMap<>();
        object.properties()
                .forEach(e -> texts.put(
                        e.getKey(),
                        e.getValue().isContainerNode()
                                ? e.getValue().toString()
                                : e.getValue().asText()));
        return texts;
    }

    private static Map<String, Line> parse(Path file, List<String> texts) {
        Map<String, Line> lines = new HashMap<>();
        int number = 0;
        for (String json : texts) {
            number++;
            try {
                Line line = line(StrictJson.MAPPER.readTree(json));
                if (lines.put(line.id(), line) != null) {
                    throw new UserError(file + ", line " + number + " answers the prompt with id " + line.id()
                            + " a second time; did two evaluations write here? Delete one of the lines.");
                }
            } catch (JsonProcessingException | IllegalArgumentException e) {
                throw new UserError(
                        file + ", line " + number + " is not an answer (" + IoReason.of(e)
                                + "); delete the line to have it made again.",
                        e);
            }
        }
        return lines;
    }

    private static Line line(JsonNode row) {
        for (String column : List.of("id", "messages", "completion", "finish_reason")) {
            if (!row.has(column)) {
                throw new IllegalArgumentException("it has no '" + column + "'");
            }
        }
        List<Turn> messages = StrictJson.MAPPER.convertValue(
                row.get("messages"),
                StrictJson.MAPPER.getTypeFactory().constructCollectionType(List.class, Turn.class));
        return new Line(
                row.get("id").asText(),
                messages,
                row.get("completion").asText(),
                row.get("finish_reason").asText(),
                row.path("completion_tokens").asInt());
    }

    /**
     * The answer to {@code prompt} when there is one.
     *
     * @throws UserError when the prompt with this id has changed since
     */
    Optional<PolicyAnswer> find(PolicyPrompt prompt) {
        Line line = lines.get(prompt.id());
        if (line == null) {
            return Optional.empty();
        }
        if (!line.messages().equals(Turn.of(prompt))) {
            throw new UserError(file + " holds an answer to another prompt under the id " + prompt.id()
                    + "; choose another --out for other data or another template.");
        }
        return Optional.of(
                new PolicyAnswer(prompt, line.completion(), line.finishReason().equals("length")));
    }

    /** Appends one answer. */
    void append(PolicyPrompt prompt, String completion, String finishReason, int completionTokens) {
        Line line = new Line(prompt.id(), Turn.of(prompt), completion, finishReason, completionTokens);
        log.append(line);
        lines.put(line.id(), line);
    }

    @Override
    public void close() {
        log.sync();
        log.close();
    }
}
