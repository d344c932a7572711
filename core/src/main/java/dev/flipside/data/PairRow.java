package dev.flipside.data;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.text.Message;
import java.util.List;

/**
 * A pair as a row of a data file: in texts where the prompt is one question, which are easier to read and to edit, else
 * in messages.
 */
public final class PairRow {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private PairRow() {}

    /** A row of {@code prompt}, {@code chosen} and {@code rejected}; a margin is not in it. */
    public static ObjectNode of(Preference pair) {
        ObjectNode row = JSON.createObjectNode();
        List<Message> messages = pair.prompt().messages();
        if (messages.size() == 1 && messages.get(0).role().equals(Message.USER)) {
            return row.put("prompt", messages.get(0).content())
                    .put("chosen", pair.chosen())
                    .put("rejected", pair.rejected());
        }
        ArrayNode turns = row.putArray("prompt");
        messages.forEach(message -> message(turns, message.role(), message.content()));
        message(row.putArray("chosen"), Message.ASSISTANT, pair.chosen());
        message(row.putArray("rejected"), Message.ASSISTANT, pair.rejected());
        return row;
    }

    private static void message(ArrayNode messages, String role, String content) {
        messages.addObject().put("role", role).put("content", content);
    }
}
