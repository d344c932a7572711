package dev.flipside.data;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Reads a data file by its name: {@code .jsonl}, {@code .json} (an array, or one object after another), {@code .csv},
 * each also {@code .gz}, and {@code .parquet}; or a folder of such files, which are the shards of one set, in the order
 * of their names.
 */
public final class Rows {
    private static final String ACCEPTED = ".jsonl, .json, .csv (each also .gz) or .parquet";

    private Rows() {}

    /**
     * All rows in the file's order, or the folder's. CSV cells are texts, whatever they look like; an empty CSV cell is
     * absent.
     *
     * @throws UserError when the file is missing, of another format, damaged or without rows
     */
    public static List<Row> read(Path file) {
        List<Row> rows = new ArrayList<>();
        forEach(file, rows::add);
        return rows;
    }

    /** As {@link #read}, but one row after another, so that a file need not fit into memory. */
    public static void forEach(Path file, Consumer<Row> action) {
        if (Files.isDirectory(file)) {
            shards(file).forEach(shard -> forEach(shard, action));
            return;
        }
        if (!Files.isRegularFile(file)) {
            throw new UserError(file + " is missing or is not a file: give the path of a " + ACCEPTED + " file.");
        }
        if (!Files.isReadable(file)) {
            throw new UserError(file + " cannot be read (permission denied): correct its permissions.");
        }
        AtomicBoolean any = new AtomicBoolean();
        readByName(file, row -> {
            any.set(true);
            action.accept(row);
        });
        if (!any.get()) {
            throw new UserError(file + " has no rows: give a data file with at least one.");
        }
    }

    private static List<Path> shards(Path folder) {
        List<Path> shards;
        try (Stream<Path> entries = Files.list(folder)) {
            shards = entries.filter(Files::isRegularFile)
                    .filter(entry -> !entry.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UserError(folder + " cannot be listed (" + IoReason.of(e) + "): correct its permissions.", e);
        }
        if (shards.isEmpty()) {
            throw new UserError(
                    folder + " is a folder without files: give a " + ACCEPTED + " file, or a folder of them.");
        }
        return shards;
    }

    private static void readByName(Path file, Consumer<Row> rows) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        boolean compressed = name.endsWith(".gz");
        String plain = compressed ? name.substring(0, name.length() - 3) : name;
        if (plain.endsWith(".jsonl")) {
            new JsonRows(file, compressed).readLines(rows);
        } else if (plain.endsWith(".json")) {
            new JsonRows(file, compressed).readDocument(rows);
        } else if (plain.endsWith(".csv")) {
            TableRows.csv(file, compressed, rows);
        } else if (name.endsWith(".parquet")) {
            TableRows.parquet(file, rows);
        } else {
            throw new UserError(
                    file + " has a name whose ending is not known: rename or convert it to " + ACCEPTED + ".");
        }
    }
}
