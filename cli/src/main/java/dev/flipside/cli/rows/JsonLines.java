package dev.flipside.cli.rows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedLines;
import dev.flipside.config.IoReason;
import dev.flipside.config.JsonReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads one JSON object per line, from a file or standard input; every fault names its line. */
final class JsonLines {
    /** Stands for standard input or output where a file is asked for. */
    static final String STANDARD_STREAM = "-";

    /** What some editors and exports write before the first line; data files may begin with it too. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private static final ObjectReader ONE_VALUE = StrictJson.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private final String name;

    private JsonLines(String name) {
        this.name = name;
    }

    /**
     * All rows of {@code file}; blank lines are skipped.
     *
     * @throws UserError when the file cannot be read, a line is not a JSON object, or there is none
     */
    static List<InputRow> read(String file, InputStream standardInput) {
        if (file.equals(STANDARD_STREAM)) {
            return new JsonLines("standard input").readAll(standardInput);
        }
        Path path = Path.of(file);
        if (!Files.isRegularFile(path)) {
            throw new UserError("--input: there is no file " + path + "; check the path.");
        }
        try (InputStream stream = Files.newInputStream(path)) {
            return new JsonLines(file).readAll(stream);
        } catch (IOException e) {
            throw new UserError("--input: " + path + " cannot be read: " + IoReason.of(e) + ".", e);
        }
    }

    private List<InputRow> readAll(InputStream stream) {
        List<InputRow> rows = new ArrayList<>();
        long number = 1;
        BufferedReader reader = new BoundedLines(stream);
        try {
            for (String line = reader.readLine(); line != null; line = reader.readLine(), number++) {
                String text = number == 1 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
                if (!text.isBlank()) {
                    rows.add(row(number, ONE_VALUE.readValue(text)));
                }
            }
        } catch (JsonProcessingException e) {
            throw notJson(number, e);
        } catch (IOException e) {
            throw new UserError(
                    where(number) + " or one after it cannot be read (" + IoReason.of(e) + "): save the file as UTF-8.",
                    e);
        }
        if (rows.isEmpty()) {
            throw new UserError(name + " has no rows: write one JSON object per line.");
        }
        return rows;
    }

    /**
     * One row.
     *
     * @param name of what the line is in, for errors
     * @param number of the line, from 1
     * @throws UserError when it is not a JSON object
     */
    static InputRow read(String name, long number, String line) {
        JsonLines lines = new JsonLines(name);
        try {
            return lines.row(number, ONE_VALUE.readValue(line));
        } catch (JsonProcessingException e) {
            throw lines.notJson(number, e);
        }
    }

    private UserError notJson(long number, JsonProcessingException e) {
        return new UserError(where(number) + " is not valid JSON (" + JsonReason.of(e) + "): correct that line.", e);
    }

    private InputRow row(long number, JsonNode node) {
        if (node instanceof ObjectNode columns) {
            return new InputRow(where(number), number, columns);
        }
        throw new UserError(where(number) + " is not a JSON object: write one per line, such as {\"id\": 1, ...}.");
    }

    private String where(long number) {
        return name + ", line " + number;
    }
}
