package dev.flipside.eval.benchmark;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads a benchmark's own files. */
public final class BenchmarkFiles {
    private static final Pattern DATA = Pattern.compile("(?i).*\\.(jsonl|json|csv)(\\.gz)?|.*\\.parquet");

    private BenchmarkFiles() {}

    /**
     * Every item of a file, or of the benchmark's data files below a folder in the order of their paths.
     *
     * @throws UserError when there is none, or a file or a row is not of the benchmark
     */
    public static List<BenchmarkItem> read(RewardBenchmark benchmark, Path input) {
        List<BenchmarkItem> items = new ArrayList<>();
        for (Path file : files(benchmark, input)) {
            items.addAll(readFile(benchmark, file));
        }
        return items;
    }

    /** The files that {@link #read} reads. */
    public static List<Path> files(RewardBenchmark benchmark, Path input) {
        if (!Files.exists(input)) {
            throw new UserError("--input: there is no file or folder " + input + "; check the path.");
        }
        if (!Files.isDirectory(input)) {
            return List.of(input);
        }
        try (Stream<Path> below = Files.walk(input)) {
            List<Path> found = below.filter(Files::isRegularFile)
                    .filter(file -> DATA.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw new UserError("--input: below " + input + " is no data file (.jsonl, .json, .csv or .parquet).");
            }
            return benchmark.rule().files(found);
        } catch (IOException e) {
            throw new UserError("--input: " + input + " cannot be listed (" + IoReason.of(e) + ").", e);
        }
    }

    private static List<BenchmarkItem> readFile(RewardBenchmark benchmark, Path file) {
        if (benchmark == RewardBenchmark.PAIRS) {
            return Pairs.items(file);
        }
        List<BenchmarkItem> items = new ArrayList<>();
        for (Row row : Rows.read(file)) {
            try {
                items.add(benchmark.rule().item(file.toAbsolutePath(), row));
            } catch (UserError e) {
                if (!items.isEmpty()) {
                    throw e;
                }
                throw new UserError(
                        file + " is not a file of " + benchmark.title() + ", whose rows have "
                                + benchmark.rule().shape() + ": " + e.getMessage(),
                        e);
            }
        }
        return items;
    }
}
