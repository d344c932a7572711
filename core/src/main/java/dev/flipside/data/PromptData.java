package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Prompts from files of prompts and from preference files, whose replies are then ordinary columns. Prompts may repeat.
 */
public final class PromptData {
    private PromptData() {}

    /**
     * The prompts in the file's order; at least one.
     *
     * @throws dev.flipside.config.UserError when the file cannot be read or a row has no prompt in a known shape
     */
    public static List<PromptExample> read(Path file) {
        return read(file, Optional.empty());
    }

    /** As {@link #read(Path)}, with a system prompt before every conversation that has none. */
    public static List<PromptExample> read(Path file, Optional<String> systemPrompt) {
        return Rows.read(file).stream()
                .map(PromptData::example)
                .map(example -> systemPrompt.map(example::withSystem).orElse(example))
                .toList();
    }

    static PromptExample example(Row row) {
        Optional<PromptShape> shape = PromptShape.of(row);
        List<String> used = shape.map(PromptShape::columns).orElseGet(List::of);
        return new PromptExample(
                shape.map(known -> known.promptOfDialogue(row)).orElseGet(() -> promptOfPair(row)),
                otherColumns(row, used));
    }

    private static Conversation promptOfPair(Row row) {
        if (!row.has("chosen")) {
            throw row.error(
                    "has no prompt: none of " + PromptShape.names() + ", chosen is among its columns " + row.names());
        }
        return PairShape.promptOfChosen(row);
    }

    private static Map<String, Object> otherColumns(Row row, List<String> used) {
        ObjectNode others = row.columns().deepCopy();
        others.remove(used);
        Map<String, Object> values = new HashMap<>();
        others.fields().forEachRemaining(column -> {
            if (!column.getValue().isNull()) {
                values.put(column.getKey(), value(column.getValue()));
            }
        });
        return values;
    }

    /** Texts, numbers, flags, lists and maps of these; a null inside a list or map stays one. */
    private static Object value(JsonNode node) {
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(element -> list.add(value(element)));
            return list;
        }
        if (node.isObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            node.fields().forEachRemaining(field -> map.put(field.getKey(), value(field.getValue())));
            return map;
        }
        if (node.isNumber()) {
            return PlainText.number(node);
        }
        return node.isTextual() ? node.asText() : node.isBoolean() ? node.asBoolean() : null;
    }
}
