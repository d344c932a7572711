package com.example.flipside;

import com.fasterxml.jackson.databind.node.ObjectNode;
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

    /**
     * Arguments: the file, how many rows to train on (the rest is held out), the folder for the two files, and, where a third file {@code train-flipped.jsonl} is wanted, the
     * share of training rows in which it has {@code chosen} and {@code rejected} exchanged: labels with mistakes, beside held-out rows without.
     */
    public static void main(String[] args) throws IOException {
        boolean flips = args.length == 4;
        if (args.length != 3 && !flips
                || !args[1].matches("[1-9][0-9]{0,8}")
                || flips && !args[3].matches("0?\\.[0-9]{1,6}")) {
            System.err.println("usage: HoldOut FILE TRAINING_ROWS FOLDER [FLIPPED_SHARE, such as 0.3]");
            System.exit(2);
        }
        try {
            List<ObjectNode> training = split(Path.of(args[0]), Integer.parseInt(args[1]), Path.of(args[2]));
            if (flips) {
                flip(training, Double.parseDouble(args[3]), Path.of(args[2]));
            }
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    /** Returns the rows to train on. */
    static List<ObjectNode> split(Path file, int trainingRows, Path folder) throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
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
        return rows.subList(0, trainingRows);
    }

    /** The rows are in random order, so the first ones are a random share. */
    private static void flip(List<ObjectNode> training, double share, Path folder) throws IOException {
        long flipped = Math.round(share * training.size());
        List<ObjectNode> rows = new ArrayList<>();
        for (ObjectNode row : training) {
            ObjectNode columns = row.deepCopy();
            if (rows.size() < flipped) {
                columns.set("chosen", row.path("rejected"));
                columns.set("rejected", row.path("chosen"));
            }
            rows.add(columns);
        }
        JsonLines.write(folder.resolve("train-flipped.jsonl"), rows);
        System.out.println(folder + ": train-flipped.jsonl has " + flipped + " labels turned round");
    }
}
