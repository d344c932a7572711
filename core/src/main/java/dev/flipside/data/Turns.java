package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.List;

/** Messages as data files write them: {@code {role, content}} or ShareGPT's {@code {from, value}}; content a text or a list of text parts. */
public final class Turns {
    private Turns() {}

    /** The messages of a list, or the one message of an object. */
    public static List<Message> read(Row row, String column, JsonNode value) {
        if (value.isObject()) {
            return List.of(message(row, column, value));
        }
        if (!value.isArray() || value.isEmpty()) {
            throw row.error("has a column '" + column + "' that is neither a text nor a list of messages");
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : value) {
            messages.add(message(row, column, message));
        }
        return messages;
    }

    private static Message message(Row row, String column, JsonNode node) {
        String role = node.path("role").asText(node.path("from").asText(""));
        JsonNode content = node.has("content") ? node.get("content") : node.path("value");
        if (role.isBlank() || !(content.isTextual() || content.isArray())) {
            throw row.error(
                    "has a message in '" + column
                            + "' without role and content (or from and value); write it as {\"role\": \"user\", \"content\": \"...\"}");
        }
        return new Message(canonical(role), content.isTextual() ? content.asText() : joinedParts(row, column, content));
    }

    /** ShareGPT's names for the roles that chat templates know; any other role is left to the template. */
    private static String canonical(String role) {
        return switch (role) {
            case "human" -> Message.USER;
            case "gpt", "chatgpt", "bot", "model" -> Message.ASSISTANT;
            default -> role;
        };
    }

    private static String joinedParts(Row row, String column, JsonNode parts) {
        StringBuilder text = new StringBuilder();
        for (JsonNode part : parts) {
            if (!part.path("text").isTextual()) {
                throw row.error(
                        "has a message in '" + column + "' with a part that is not text; only text can be read");
            }
            text.append(part.get("text").asText());
        }
        return text.toString();
    }
}
