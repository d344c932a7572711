package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.run.AppendLog;
import dev.flipside.run.MadeWith;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The scores of a benchmark that is under way, {@code FOLDER/BENCHMARK.part.jsonl}: what makes them in the first line,
 * then item after item as they come, so that an interrupted evaluation goes on. {@link ScoreFile} is what remains of it
 * in the end.
 *
 * <p>Items are found again by the parts that the model is called with: of a part that is not whole all are scored
 * again, so that every call has the rows that it would have had, and scores do not depend on interruptions.
 */
public final class ScoreLog implements AutoCloseable {
    private final Path file;
    private final AppendLog log;
    private final Map<Integer, ScoredItem> items;

    /** One item and its place among the benchmark's. */
    private record Line(int index, ScoredItem item) {}

    private ScoreLog(Path file, AppendLog log, Map<Integer, ScoredItem> items) {
        this.file = file;
        this.log = log;
        this.items = items;
    }

    /**
     * Opens a folder's scores of a benchmark; begins them where there are none.
     *
     * @param made what the scores depend on, by name
     * @throws UserError when the file is damaged, or was begun with something else
     */
    public static ScoreLog open(Path folder, RewardBenchmark benchmark, Map<String, String> made) {
        Path file = in(folder, benchmark);
        try {
            List<String> lines = AppendLog.wholeLines(file);
            Map<Integer, ScoredItem> items = new HashMap<>();
            if (!lines.isEmpty()) {
                MadeWith.requireSame(
                        file + " holds scores", "file", parse(file, 1, lines.get(0), new TypeReference<>() {}), made);
            }
            for (int i = 1; i < lines.size(); i++) {
                Line line = parse(file, i + 1, lines.get(i), new TypeReference<Line>() {});
                items.put(line.index(), line.item());
            }
            AppendLog log = AppendLog.resume(file);
            if (lines.isEmpty()) {
                log.append(made);
            }
            return new ScoreLog(file, log, items);
        } catch (IOException e) {
            throw new UserError(file + " cannot be used (" + IoReason.of(e) + "); check the path and permissions.", e);
        }
    }

    /** Whether a folder's evaluation of a benchmark is under way, or was interrupted. */
    public static boolean isIn(Path folder, RewardBenchmark benchmark) {
        return Files.exists(in(folder, benchmark));
    }

    private static Path in(Path folder, RewardBenchmark benchmark) {
        return folder.resolve(benchmark.key() + ".part.jsonl");
    }

    private static <T> T parse(Path file, int number, String json, TypeReference<T> type) {
        try {
            return ScoreFile.JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new UserError(
                    file + ", line " + number + " is damaged; delete the file to score the benchmark again.", e);
        }
    }

    /**
     * The scored items of a part, if all of them are known.
     *
     * @param part places in {@code all}
     * @throws UserError when a known item is not the benchmark's any more
     */
    Optional<List<ScoredItem>> find(List<Integer> part, List<BenchmarkItem> all) {
        List<ScoredItem> found = new ArrayList<>();
        for (int index : part) {
            ScoredItem item = items.get(index);
            if (item == null) {
                return Optional.empty();
            }
            if (!item.isSameItem(ScoredItem.of(all.get(index), List.of(), 0))) {
                throw new UserError(file + " holds scores of another item than "
                        + all.get(index).id() + "; the benchmark's file has changed: delete " + file.getFileName()
                        + " to start anew.");
            }
            found.add(item);
        }
        return Optional.of(found);
    }

    void append(int index, ScoredItem item) {
        log.append(new Line(index, item));
        items.put(index, item);
    }

    /** Forgets a folder's scores of a benchmark, which are kept elsewhere now. */
    public static void delete(Path folder, RewardBenchmark benchmark) {
        Path file = in(folder, benchmark);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UserError(file + " cannot be deleted (" + IoReason.of(e) + "); check the permissions.", e);
        }
    }

    @Override
    public void close() {
        log.close();
    }
}
