package dev.flipside.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;

/** From a tree of values to the records of a configuration; what does not fit is told with its key. */
final class ConfigBinding {
    private ConfigBinding() {}

    /**
     * The records of a whole tree.
     *
     * @throws UserError that names the key whose value does not fit
     */
    @SuppressWarnings("unchecked")
    static <C extends Record> C toRecords(JsonMapper records, ObjectNode tree, C defaults) {
        try {
            C config = (C) records.treeToValue(tree, defaults.getClass());
            requireValues(tree, config, defaults);
            return config;
        } catch (JsonMappingException e) {
            String key = e.getPath().stream()
                    .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                    .collect(Collectors.joining("."));
            if (e.getCause() instanceof UserError cause) {
                throw new UserError(key + ": " + cause.getMessage(), e);
            }
            if (e instanceof UnrecognizedPropertyException unknown) {
                throw new UserError(
                        key + ": there is no such key; keys there are "
                                + unknown.getKnownPropertyIds().stream()
                                        .map(Object::toString)
                                        .collect(Collectors.joining(", "))
                                + ".",
                        e);
            }
            JsonNode value = tree.at("/" + key.replace('.', '/').replaceAll("\\[(\\d+)]", "$1"));
            throw new UserError(
                    key + ": " + (value.isMissingNode() ? "this value" : "'" + value.asText(value.toString()) + "'")
                            + " is not " + expected(e) + ".",
                    e);
        } catch (JacksonException e) {
            throw new IllegalStateException("the configuration tree could not be bound", e);
        }
    }

    /** YAML's {@code model:} with nothing behind it is no value, and only options that may be absent take it. */
    private static void requireValues(ObjectNode tree, Record config, Record defaults) {
        JsonNode values = ConfigReader.tree(config);
        for (Map.Entry<String, JsonNode> section : ConfigReader.tree(defaults).properties()) {
            for (Map.Entry<String, JsonNode> entry : section.getValue().properties()) {
                if (values.path(section.getKey()).path(entry.getKey()).isNull()
                        && !entry.getValue().isNull()
                        && !NumberOrNone.NONE.equals(
                                tree.path(section.getKey()).path(entry.getKey()).asText())) {
                    throw new UserError(section.getKey() + "." + entry.getKey()
                            + ": there is no value; write one, or remove the key to have its default.");
                }
            }
        }
    }

    private static String expected(JsonMappingException e) {
        if (e.getCause() instanceof InputCoercionException tooLarge) {
            boolean small = tooLarge.getTargetType() == int.class;
            return "a whole number of at most " + (small ? Integer.MAX_VALUE : Long.MAX_VALUE);
        }
        Class<?> type = e instanceof MismatchedInputException m ? m.getTargetType() : null;
        if (type != null && type.isEnum()) {
            return "one of "
                    + Arrays.stream(type.getEnumConstants())
                            .map(c -> Spelling.of((Enum<?>) c))
                            .collect(Collectors.joining(", "));
        }
        if (type == int.class || type == long.class || type == Integer.class) {
            return "a whole number";
        }
        if (type == double.class || type == Double.class) {
            return "a number";
        }
        if (type != null && Collection.class.isAssignableFrom(type)) {
            return "a list; put it in [brackets]";
        }
        if (type != null && (type.isRecord() || Map.class.isAssignableFrom(type))) {
            return "a map of keys, which docs/configuration.md lists";
        }
        return type == boolean.class || type == Boolean.class ? "true or false" : "of the right type";
    }
}
