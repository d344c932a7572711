package dev.flipside.data;

import dev.flipside.config.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Reads a data file by its name: {@code .jsonl}, {@code .json} (an array, or one object after another), {@code .csv}, each also {@code .gz}, and {@code .parquet}. */
public final class Rows {
    private static final String ACCEPTED = ".jsonl, .json, .csv (each also .gz) or .parquet";

    private Rows() {}

    /**
     * All rows in the file's order. CSV cells are texts, whatever they look like; an empty CSV cell is absent.
     *
     * @throws UserError when the file is missing, of another format, damaged or without rows
     */
    public static List<Row> read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new UserError(file + " is missing or is not a file: give the path of a " + ACCEPTED + " file.");
        }
        List<Row> rows = readByName(file);
        if (rows.isEmpty()) {
            throw new UserError(file + " has no rows: give a data file with at least one.");
        }
        return rows;
    }

    private static List<Row> readByName(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        boolean compressed = name.endsWith(".gz");
        String plain = compressed ? name.substring(0, name.length() - 3) : name;
        if (plain.endsWith(".jsonl")) {
            return new JsonRows(file, compressed).readLines();
        }
        if (plain.endsWith(".json")) {
            return new JsonRows(file, compressed).readDocument();
        }
        if (plain.endsWith(".csv")) {
            return TableRows.csv(file);
        }
        if (name.endsWith(".parquet")) {
            return TableRows.parquet(file);
        }
        throw new UserError(file + " has a name whose ending is not known: rename or convert it to " + ACCEPTED + ".");
    }
}
