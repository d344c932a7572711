package dev.flipside.cli.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.data.JsonText;
import dev.flipside.data.Row;
import dev.flipside.data.Turns;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.List;
import java.util.function.Supplier;

/**
 * One row of a command's input.
 *
 * @param where its file and line, for errors
 * @param number its line, from 1
 * @param columns what it holds
 */
public record InputRow(String where, long number, ObjectNode columns) {
    /**
     * Of one line of JSON Lines.
     *
     * @param name of what the line is in, for errors
     * @param number of the line, from 1
     * @throws UserError when it is not a JSON object
     */
    public static InputRow ofLine(String name, long number, String line) {
        return JsonLines.read(name, number, line);
    }

    public boolean has(String column) {
        return columns.has(column);
    }

    /** The text in a column. */
    public String text(String column) {
        JsonNode value = columns.get(column);
        if (value == null || !value.isTextual()) {
            throw error("needs a text in '" + column + "'");
        }
        return value.asText();
    }

    /**
     * The conversation in column {@code messages}, written in any way that {@link Turns} reads, also as JSON in a text.
     */
    public Conversation messages() {
        JsonNode list = value("messages");
        if (!list.isArray() || list.isEmpty()) {
            throw error("needs a list of messages in 'messages', such as [{\"role\": \"user\", \"content\": \"...\"}]");
        }
        return new Conversation(Turns.read(row(), "messages", list));
    }

    /** The conversation in column {@code prompt}: a user's text, or messages as a data file may have them there. */
    public Conversation prompt() {
        JsonNode prompt = value("prompt");
        if (!prompt.isContainerNode()) {
            return Conversation.ofPrompt(text("prompt"));
        }
        List<Message> messages = Turns.read(row(), "prompt", prompt);
        if (messages.get(messages.size() - 1).isFromAssistant()) {
            throw error("has a 'prompt' that ends with the assistant; put the whole conversation into 'messages'");
        }
        return new Conversation(messages);
    }

    /** The assistant's reply in column {@code completion}: a text, or one message as a data file may have it there. */
    public String completion() {
        JsonNode completion = value("completion");
        if (!completion.isContainerNode()) {
            return text("completion");
        }
        List<Message> messages = Turns.read(row(), "completion", completion);
        if (messages.size() != 1 || !messages.get(0).isFromAssistant()) {
            throw error("needs a text or one message of the assistant in 'completion'");
        }
        return messages.get(0).content();
    }

    private JsonNode value(String column) {
        return JsonText.messages(row(), column, columns.path(column));
    }

    private Row row() {
        return new Row(where, columns);
    }

    /** Adds this row's place to an error that the user can mend. */
    public <T> T locate(Supplier<T> work) {
        try {
            return work.get();
        } catch (UserError e) {
            throw e.getMessage().startsWith(where) ? e : new UserError(where + ": " + e.getMessage(), e);
        }
    }

    /** Checks that a row of so many tokens fits a model. */
    public void requireWithin(int context, int tokens) {
        if (tokens > context) {
            throw error("has " + tokens + " tokens, but the model's context is " + context + "; shorten it");
        }
    }

    /**
     * Refuses what a damaged model computes of this row.
     *
     * @param what is computed
     */
    public void requireFinite(String what, double value) {
        requireFinite(where, what, value);
    }

    static void requireFinite(String where, String what, double value) {
        if (!Double.isFinite(value)) {
            throw new UserError(where + ": its " + what + " is " + value
                    + "; the model's weights are damaged or have diverged, so take another model.");
        }
    }

    /** An empty result for this row, with its {@code id} as it was written, or its line number. */
    public ObjectNode result() {
        JsonNode id = columns.get("id");
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        result.set("id", id == null ? LongNode.valueOf(number) : id);
        return result;
    }

    private UserError error(String what) {
        return new UserError(where + " " + what + ".");
    }
}
