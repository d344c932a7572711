package dev.flipside.trl;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.IoReason;
import dev.flipside.config.JsonReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A configuration as TRL's command line reads it: one map of keys, in YAML or JSON.
 *
 * @param path for errors
 * @param values by key, in the file's order; those that are null in it are left out, for TRL's default counts then
 */
public record TrlFile(Path path, Map<String, JsonNode> values) {
    /** JSON is YAML. */
    private static final YAMLMapper YAML = YAMLMapper.builder(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    public TrlFile {
        values = new LinkedHashMap<>(values);
    }

    /** @throws UserError when there is no such file, or it is no map of keys */
    public static TrlFile read(Path path) {
        JsonNode tree;
        try {
            if (!Files.isRegularFile(path)) {
                throw new UserError("FILE: there is no file " + path + "; check the path.");
            }
            tree = YAML.readTree(BoundedFile.yaml(path));
        } catch (JacksonException e) {
            throw new UserError(
                    path + " line " + e.getLocation().getLineNr() + " is neither YAML nor JSON: " + JsonReason.of(e)
                            + ".",
                    e);
        } catch (IOException e) {
            throw new UserError(path + " cannot be read: " + IoReason.of(e) + ".", e);
        }
        if (!tree.isObject() || tree.isEmpty()) {
            throw new UserError(path + " is no map of keys: give a file such as `learning_rate: 1.0e-6` in each line.");
        }
        Map<String, JsonNode> values = new LinkedHashMap<>();
        tree.properties().forEach(entry -> {
            if (!entry.getValue().isNull() && !entry.getValue().asText().equals("None")) {
                values.put(entry.getKey(), number(entry.getValue()));
            }
        });
        return new TrlFile(path, values);
    }

    /** YAML 1.1 takes 1e-6 for a text, and Python's transformers reads it as the number that is meant. */
    private static JsonNode number(JsonNode value) {
        return value.isTextual() && value.textValue().matches("[+-]?\\d+(\\.\\d*)?[eE][+-]?\\d+")
                ? DoubleNode.valueOf(Double.parseDouble(value.textValue()))
                : value;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<JsonNode> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    Optional<String> text(String key) {
        return find(key).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    /** @throws UserError when it is something else than a number */
    OptionalDouble number(String key) {
        Optional<JsonNode> value = find(key);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(value.filter(JsonNode::isNumber)
                .orElseThrow(() -> new UserError(path + ": " + key + " must be a number, not " + value.get() + "."))
                .doubleValue());
    }

    /**
     * A count.
     *
     * @throws UserError when it is no whole number from 1 on
     */
    int count(String key, int otherwise) {
        double value = number(key).orElse(otherwise);
        if (value != Math.rint(value) || value < 1 || value > Integer.MAX_VALUE) {
            throw new UserError(path + ": " + key + " must be a whole number of at least 1, not " + value + ".");
        }
        return (int) value;
    }

    boolean isTrue(String key) {
        return find(key)
                .map(value -> value.asBoolean(value.asText().equalsIgnoreCase("true")))
                .orElse(false);
    }
}
