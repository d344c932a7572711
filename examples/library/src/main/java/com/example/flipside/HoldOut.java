package com.example.flipside;

import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Splits a file of preferences or prompts (JSON, JSONL, CSV or Parquet) at random into {@code train.jsonl} and {@code held-out.jsonl}: what measures a reward model
 * in the SAVE loop must not be what it was trained on before.
 */
public final class HoldOut {
    private HoldOut() {}

    /** Arguments: the file, how many rows to train on (the rest is held out), and the folder for the two files. */
    public static void main(String[] args) throws IOException {
        if (args.length != 3 || !args[1].matches("[1-9][0-9]{0,8}")) {
            System.err.println("usage: HoldOut FILE TRAINING_ROWS FOLDER");
            System.exit(2);
        }
        try {
            split(Path.of(args[0]), Integer.parseInt(args[1]), Path.of(args[2]));
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    static void split(Path file, int trainingRows, Path folder) throws IOException {
        List<Object> rows = new ArrayList<>();
        for (Row row : Rows.read(file)) {
            rows.add(row.columns());
        }
        if (trainingRows >= rows.size()) {
            throw new UserError(file + ": has " + rows.size() + " rows, so " + trainingRows
                    + " to train on leave none to hold out; ask for fewer.");
        }
        Collections.shuffle(rows, new Random(0));
        JsonLines.write(folder.resolve("train.jsonl"), rows.subList(0, trainingRows));
        JsonLines.write(folder.resolve("held-out.jsonl"), rows.subList(trainingRows, rows.size()));
        System.out.println(
                folder + ": " + trainingRows + " rows to train on, " + (rows.size() - trainingRows) + " held out");
    }
}
