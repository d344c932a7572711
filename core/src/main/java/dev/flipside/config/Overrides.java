package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is changed in a base configuration. In YAML a list of {@code section.key=value}, as on the command line, or a
 * map of {@code section.key: value}.
 *
 * @param lines {@code section.key=value}; the last one of a key wins
 */
public record Overrides(@JsonValue List<String> lines) {
    /** Changes nothing. */
    public static final Overrides NONE = new Overrides(List.of());

    public Overrides {
        lines = List.copyOf(lines);
    }

    /**
     * Reads either form.
     *
     * @throws UserError when it is neither
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Overrides of(JsonNode node) {
        List<String> lines = new ArrayList<>();
        if (node.isArray()) {
            for (JsonNode line : node) {
                if (!line.isTextual()) {
                    throw new UserError("'" + line + "' is not an override; write section.key=value in quotes.");
                }
                lines.add(line.textValue());
            }
        } else if (node.isObject()) {
            node.properties().forEach(entry -> add(entry, lines));
        } else {
            throw new UserError("overrides are a list of section.key=value or a map of section.key: value, not '"
                    + node.asText() + "'.");
        }
        return new Overrides(lines);
    }

    /** JSON is YAML: a value is written so that it is read back as it was. */
    private static void add(Map.Entry<String, JsonNode> entry, List<String> lines) {
        boolean section = entry.getValue().isObject() && entry.getKey().indexOf('.') < 0;
        if (section) {
            entry.getValue()
                    .properties()
                    .forEach(key -> lines.add(entry.getKey() + "." + key.getKey() + "=" + key.getValue()));
        } else {
            lines.add(entry.getKey() + "=" + entry.getValue());
        }
    }
}
