package dev.flipside.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.regex.Pattern;

/** Lists that were written as JSON into a text, as CSV files have to and some exports do elsewhere too. */
public final class JsonText {
    private static final Pattern LIST_OF_OBJECTS = Pattern.compile("\\s*\\[\\s*\\{\\s*['\"]");
    private static final Pattern ROLE = Pattern.compile("['\"]role['\"]\\s*:");
    private static final Pattern CONTENT = Pattern.compile("['\"]content['\"]\\s*:");
    private static final Pattern FROM = Pattern.compile("['\"]from['\"]\\s*:");
    private static final Pattern VALUE = Pattern.compile("['\"]value['\"]\\s*:");
    private static final Pattern MORE_BEHIND = Pattern.compile("}\\s*]\\s*[^\\s\\]}]");

    private JsonText() {}

    /** The list or map that a text holds as JSON and nothing else; any other value, and any other text, as it is. */
    public static JsonNode unfolded(JsonNode value) {
        String text = value.isTextual() ? value.asText().strip() : "";
        if (!text.startsWith("[") && !text.startsWith("{")) {
            return value;
        }
        try {
            return JsonRows.ONE_VALUE.readValue(text);
        } catch (JsonProcessingException e) {
            return value;
        }
    }

    /**
     * The messages that a text holds as JSON: a list of objects of which the first has role and content, from and
     * value, or human and assistant, or one object that has exactly such a pair. Any other value, and any other text,
     * as it is: a text may open with a bracket.
     *
     * @throws dev.flipside.config.UserError for a text that is written like such a list but is no JSON, such as
     *     Python's own spelling of one, or one that is cut off
     */
    public static JsonNode messages(Row row, String column, JsonNode value) {
        if (!value.isTextual()) {
            return value;
        }
        JsonNode held = unfolded(value);
        if (held.isArray() && isMessage(held.path(0)) || held.isObject() && held.size() == 2 && isMessage(held)) {
            return held;
        }
        if (held == value && isWrittenLikeMessages(value.asText())) {
            throw row.error(
                    "has in '" + column
                            + "' a text that is written like a list of messages but is not JSON (Python's spelling of a list, or one that is cut off?); write the list itself or its JSON, such as json.dumps makes");
        }
        return value;
    }

    private static boolean isMessage(JsonNode node) {
        return node.has("role") && node.has("content")
                || node.has("from") && node.has("value")
                || node.path("human").isTextual() && node.path("assistant").isTextual();
    }

    private static boolean isWrittenLikeMessages(String text) {
        return LIST_OF_OBJECTS.matcher(text).lookingAt()
                && (ROLE.matcher(text).find() && CONTENT.matcher(text).find()
                        || FROM.matcher(text).find() && VALUE.matcher(text).find())
                && !MORE_BEHIND.matcher(text).find();
    }
}
