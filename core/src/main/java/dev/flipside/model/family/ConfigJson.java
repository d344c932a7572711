package dev.flipside.model.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * Typed reading of one JSON object of a model directory; every error names the file and the key. A key that is
 * {@code null} counts as missing, as in transformers.
 */
public final class ConfigJson {
    private final Path file;
    private final ObjectNode node;

    /** @param file which errors name */
    public ConfigJson(Path file, ObjectNode node) {
        this.file = file;
        this.node = node;
    }

    /** The value of a key; empty where it is missing or {@code null}. */
    public Optional<JsonNode> get(String key) {
        return Optional.ofNullable(node.get(key)).filter(n -> !n.isNull());
    }

    /** Whether the key is there, be it with {@code null}. */
    boolean mentions(String key) {
        return node.has(key);
    }

    /** A whole number from 1 to 2^31 - 1. */
    public OptionalInt positive(String key) {
        return whole(key, 1, "a positive whole number");
    }

    /** A whole number from 0 to 2^31 - 1. */
    OptionalInt natural(String key) {
        return whole(key, 0, "a whole number");
    }

    private OptionalInt whole(String key, int least, String what) {
        Optional<JsonNode> value = get(key);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        JsonNode number = value.get();
        if (!number.isIntegralNumber() || !number.canConvertToInt() || number.intValue() < least) {
            throw wrong(key, "is " + number + ", which is not " + what);
        }
        return OptionalInt.of(number.intValue());
    }

    int required(String key) {
        return positive(key).orElseThrow(() -> wrong(key, "is missing"));
    }

    /** A positive number. */
    public double number(String key, double byDefault) {
        Optional<JsonNode> value = get(key);
        if (value.isEmpty()) {
            return byDefault;
        }
        if (!value.get().isNumber()
                || !Double.isFinite(value.get().doubleValue())
                || value.get().doubleValue() <= 0) {
            throw wrong(key, "is " + value.get() + ", which is not a positive number");
        }
        return value.get().doubleValue();
    }

    /** A positive number, or 0. */
    public double numberOrZero(String key, double byDefault) {
        Optional<JsonNode> value = get(key);
        boolean zero = value.map(v -> v.isNumber() && v.doubleValue() == 0).orElse(byDefault == 0);
        return zero ? 0 : number(key, byDefault);
    }

    /** A number that may be missing. */
    OptionalDouble optionalNumber(String key) {
        return get(key).isPresent() ? OptionalDouble.of(number(key, 1)) : OptionalDouble.empty();
    }

    /** A list of positive numbers that must be there. */
    List<Double> numbers(String key) {
        List<Double> numbers = new ArrayList<>();
        for (JsonNode value : required(key, "a list of numbers", JsonNode::isArray)) {
            if (!value.isNumber() || !(value.doubleValue() > 0)) {
                throw wrong(key, "contains " + value + ", which is not a positive number");
            }
            numbers.add(value.doubleValue());
        }
        return numbers;
    }

    private JsonNode required(String key, String what, Predicate<JsonNode> kind) {
        JsonNode value = get(key).orElseThrow(() -> wrong(key, "is missing"));
        if (!kind.test(value)) {
            throw wrong(key, "is not " + what);
        }
        return value;
    }

    double requiredNumber(String key) {
        if (get(key).isEmpty()) {
            throw wrong(key, "is missing");
        }
        return number(key, 1);
    }

    /** True or false. */
    public boolean flag(String key, boolean byDefault) {
        Optional<JsonNode> value = get(key);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(key, "is " + value.get() + ", which is neither true nor false");
        }
        return value.map(JsonNode::booleanValue).orElse(byDefault);
    }

    /** A text. */
    public String text(String key, String byDefault) {
        Optional<JsonNode> value = get(key);
        if (value.isPresent() && !value.get().isTextual()) {
            throw wrong(key, "is " + value.get() + ", which is not text");
        }
        return value.map(JsonNode::textValue).orElse(byDefault);
    }

    /** The object below a key; empty when it is missing or an empty object. */
    public Optional<ConfigJson> object(String key) {
        Optional<JsonNode> value = get(key);
        if (value.isPresent() && !value.get().isObject()) {
            throw wrong(key, "is not an object");
        }
        return value.filter(v -> !v.isEmpty()).map(v -> new ConfigJson(file, (ObjectNode) v));
    }

    /** An error about one key: {@code FILE: KEY WHAT.} */
    public UserError wrong(String key, String what) {
        return new UserError(file + ": " + key + " " + what + ".");
    }
}
