package dev.flipside.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Turns;
import dev.flipside.text.Conversation;
import java.util.function.Supplier;

/**
 * One row of a command's input.
 *
 * @param where its file and line, for errors
 * @param number its line, from 1
 * @param columns what it holds
 */
record InputRow(String where, long number, ObjectNode columns) {
    /** The row's {@code id} as it was written, or its line number. */
    JsonNode id() {
        JsonNode id = columns.get("id");
        return id == null ? LongNode.valueOf(number) : id;
    }

    boolean has(String column) {
        return columns.has(column);
    }

    /** The text in a column. */
    String text(String column) {
        JsonNode value = columns.get(column);
        if (value == null || !value.isTextual()) {
            throw error("needs a text in '" + column + "'");
        }
        return value.asText();
    }

    /** The conversation in column {@code messages}, written in any way that {@link Turns} reads. */
    Conversation messages() {
        JsonNode list = columns.path("messages");
        if (!list.isArray() || list.isEmpty()) {
            throw error("needs a list of messages in 'messages', such as [{\"role\": \"user\", \"content\": \"...\"}]");
        }
        return new Conversation(Turns.read(new Row(where, columns), "messages", list));
    }

    /** Adds this row's place to an error that the user can mend. */
    <T> T locate(Supplier<T> work) {
        try {
            return work.get();
        } catch (UserError e) {
            throw e.getMessage().startsWith(where) ? e : new UserError(where + ": " + e.getMessage(), e);
        }
    }

    /** Checks that a row of so many tokens fits a model. */
    void requireWithin(int context, int tokens) {
        if (tokens > context) {
            throw error("has " + tokens + " tokens, but the model's context is " + context + "; shorten it");
        }
    }

    UserError error(String what) {
        return new UserError(where + " " + what + ".");
    }
}
