package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Messages as data files write them: {@code {role, content}}, ShareGPT's {@code {from, value}}, or ms-swift's
 * {@code {human, assistant}} for two turns at once. Content is a text or a list of parts, of which only texts can be
 * read; their texts are joined without anything between them.
 */
public final class Turns {
    /** Beside the content: Harmony's and Qwen's names for what a model thought. */
    private static final List<String> THOUGHTS = List.of("thinking", "reasoning_content");

    private Turns() {}

    /**
     * The messages of a list (also of one written as JSON into a text, as CSV files have to), or the one message of an
     * object.
     */
    public static List<Message> read(Row row, String column, JsonNode value) {
        JsonNode list = JsonText.unfolded(value);
        List<Message> messages = new ArrayList<>();
        if (list.isObject()) {
            add(messages, row, "a message in '" + column + "'", list);
            return messages;
        }
        if (!list.isArray() || list.isEmpty()) {
            throw row.error(
                    "has a column '" + column
                            + "' that is neither a text nor a list of messages; write it as [{\"role\": \"user\", \"content\": \"...\"}]");
        }
        for (int i = 0; i < list.size(); i++) {
            add(messages, row, "a message in '" + column + "', number " + (i + 1) + ",", list.get(i));
        }
        return messages;
    }

    private static void add(List<Message> messages, Row row, String what, JsonNode node) {
        if (node.path("human").isTextual() && node.path("assistant").isTextual()) {
            messages.add(Message.user(node.get("human").asText()));
            messages.add(Message.assistant(node.get("assistant").asText()));
            return;
        }
        if (Row.holdsSomething(node.path("tool_calls")) || Row.holdsSomething(node.path("function_call"))) {
            throw row.error(
                    "has " + what
                            + " that calls tools; only texts reach a chat template, so write the call as text or leave the row out");
        }
        for (String thoughts : THOUGHTS) {
            if (Row.holdsSomething(node.path(thoughts))) {
                throw row.error("has " + what + " with something in '" + thoughts
                        + "', which would be lost; write it into the content as the model writes it, or take it out");
            }
        }
        String role = node.path("role").asText(node.path("from").asText(""));
        JsonNode content = node.has("content") ? node.get("content") : node.path("value");
        if (role.isBlank() || !(content.isTextual() || content.isArray())) {
            throw row.error(
                    "has " + what
                            + " without role and content (or from and value); write it as {\"role\": \"user\", \"content\": \"...\"}");
        }
        messages.add(
                new Message(canonical(role), content.isTextual() ? content.asText() : joinedParts(row, what, content)));
    }

    /** ShareGPT's names for the roles that chat templates know; any other role is left to the template. */
    private static String canonical(String role) {
        return switch (role.toLowerCase(Locale.ROOT)) {
            case "human", "user" -> Message.USER;
            case "gpt", "chatgpt", "bot", "model", "assistant" -> Message.ASSISTANT;
            case "system" -> Message.SYSTEM;
            default -> role;
        };
    }

    /** OpenAI's content parts; {@code input_text} and {@code output_text} are its Responses API's names for text. */
    private static String joinedParts(Row row, String what, JsonNode parts) {
        StringBuilder text = new StringBuilder();
        for (JsonNode part : parts) {
            String type = part.path("type").asText("text");
            boolean readable = type.equals("text") || type.equals("input_text") || type.equals("output_text");
            if (!readable || !part.path("text").isTextual()) {
                throw row.error("has " + what + " with a part that is not text but of type '"
                        + (readable ? "text without a text" : type)
                        + "'; only text can be read, so take that part or the row out");
            }
            text.append(part.get("text").asText());
        }
        return text.toString();
    }
}
