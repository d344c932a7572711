package dev.flipside.eval.alarm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The alarms of a run, from its metrics alone.
 *
 * <pre>{@code
 * List<Alarm> alarms = Alarms.of(Alarms.read(run.resolve("metrics.jsonl")));
 * }</pre>
 */
public final class Alarms {
    private Alarms() {}

    /** Every rule that fired, with the first step at which it did, in the order in which they fired. */
    public static List<Alarm> of(List<Measured> history) {
        AlarmWatch watch = new AlarmWatch();
        history.forEach(watch::observe);
        return watch.fired();
    }

    /**
     * The lines of a {@code metrics.jsonl}; a value that was not finite is left out.
     *
     * @throws UserError when the file cannot be read, or a line is no JSON object with a step
     */
    public static List<Measured> read(Path file) {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            return read(file, lines);
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read (" + IoReason.of(e)
                            + "); check that the folder is one that flipside train wrote.",
                    e);
        }
    }

    /**
     * The same of a file's content.
     *
     * @param file for errors
     */
    public static List<Measured> read(Path file, byte[] content) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(new ByteArrayInputStream(content), StandardCharsets.UTF_8))) {
            return read(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Measured> read(Path file, BufferedReader lines) throws IOException {
        List<Measured> history = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            int number = history.size() + 1;
            history.add(line(line).orElseThrow(() -> notAMetric(file, number)));
        }
        return history;
    }

    /** One line of a {@code metrics.jsonl}; empty for what is no JSON object with a step. */
    public static Optional<Measured> line(String text) {
        JsonNode row;
        try {
            row = StrictJson.MAPPER.readTree(text);
        } catch (IOException e) {
            return Optional.empty();
        }
        if (!row.path("step").isIntegralNumber()) {
            return Optional.empty();
        }
        Map<String, Double> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : row.properties()) {
            if (field.getValue().isNumber() && !field.getKey().equals("step")) {
                values.put(field.getKey(), field.getValue().asDouble());
            }
        }
        return Optional.of(new Measured(row.get("step").asLong(), values));
    }

    private static UserError notAMetric(Path file, int number) {
        return new UserError(
                file + " line " + number
                        + " is not a JSON object with a step, so it is no metrics.jsonl; check the path, or delete a torn last line.");
    }
}
