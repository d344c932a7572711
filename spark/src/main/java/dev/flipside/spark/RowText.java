package dev.flipside.spark;

import dev.flipside.cli.rows.InputRow;
import java.io.Serializable;

/**
 * A row on its way to the model.
 *
 * @param input what the row is of, for errors
 * @param number of its line or row in it, from 1
 * @param json its columns
 */
record RowText(String input, long number, String json) implements Serializable {
    private static final long serialVersionUID = 1;

    InputRow row() {
        return InputRow.ofLine(input, number, json);
    }
}
