package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One row of a data file.
 *
 * @param where file and line (or row), as errors name it
 * @param columns the row's values; a null counts as absent
 */
public record Row(String where, ObjectNode columns) {

    public boolean has(String column) {
        return columns.hasNonNull(column);
    }

    /** The column's value when it is present and not null. */
    public Optional<JsonNode> find(String column) {
        return has(column) ? Optional.of(columns.get(column)) : Optional.empty();
    }

    /** @throws UserError when the column is absent */
    public JsonNode require(String column) {
        return find(column).orElseThrow(() -> error("has no column '" + column + "'; it has " + names()));
    }

    /** @throws UserError when the column is absent or not a text */
    public String requireText(String column) {
        JsonNode value = require(column);
        if (!value.isTextual()) {
            throw error("has a column '" + column + "' that is not a text");
        }
        return value.asText();
    }

    /** The names of the columns that hold something, in order. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        columns.fieldNames().forEachRemaining(name -> {
            if (has(name)) {
                names.add(name);
            }
        });
        return names;
    }

    /** Whether a value says anything: not null, an empty list or object, an empty text, or a text of an empty list. */
    static boolean holdsSomething(JsonNode value) {
        boolean empty = value.isMissingNode()
                || value.isNull()
                || value.isContainerNode() && value.isEmpty()
                || value.isTextual()
                        && (value.asText().isBlank() || value.asText().equals("[]"));
        return !empty;
    }

    /** An error that opens with where this row stands. */
    public UserError error(String problem) {
        return new UserError(where + " " + problem + ".");
    }
}
