package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Scored items on disk, one JSON object per line: {@code FOLDER/BENCHMARK.jsonl}. */
public final class ScoreFile {
    static final ObjectMapper JSON = StrictJson.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private ScoreFile() {}

    /** Where a folder keeps a benchmark's items. */
    public static Path in(Path folder, RewardBenchmark benchmark) {
        return folder.resolve(benchmark.key() + ".jsonl");
    }

    /**
     * Writes the file as a whole, so that it is complete or not there.
     *
     * @throws UserError when it cannot be written
     */
    public static void write(Path file, List<ScoredItem> items) {
        StringBuilder lines = new StringBuilder();
        try {
            for (ScoredItem item : items) {
                lines.append(JSON.writeValueAsString(item)).append('\n');
            }
            Files.createDirectories(file.toAbsolutePath().getParent());
            Durable.write(file, lines.toString());
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be written (" + IoReason.of(e)
                            + "); check the free space and the permissions there.",
                    e);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws UserError when the file is missing or damaged
     */
    public static List<ScoredItem> read(Path file) {
        List<ScoredItem> items = new ArrayList<>();
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                ScoredItem item = JSON.readValue(line, ScoredItem.class);
                if (!isWhole(item)) {
                    throw damaged(file, number, null);
                }
                items.add(item);
            }
        } catch (JsonProcessingException e) {
            throw damaged(file, number, e);
        } catch (IOException e) {
            throw new UserError(file + " cannot be read (" + IoReason.of(e) + "); check the path.", e);
        }
        if (items.isEmpty()) {
            throw new UserError(file + " has no items: it is not a file of scores that eval-rm has kept.");
        }
        return items;
    }

    private static boolean isWhole(ScoredItem item) {
        int answers = item.labels().size();
        return answers > 1
                && (item.rewards().isEmpty() || item.rewards().size() == answers)
                && item.characters().size() == answers
                && item.markdown().size() == answers
                && item.comparisons().stream()
                        .allMatch(pair -> Math.min(pair.better(), pair.worse()) >= 0
                                && Math.max(pair.better(), pair.worse()) < answers);
    }

    private static UserError damaged(Path file, int line, Exception cause) {
        return new UserError(
                file + ", line " + line
                        + " is not an item that eval-rm has kept: the file is damaged or another one; score the benchmark again.",
                cause);
    }
}
