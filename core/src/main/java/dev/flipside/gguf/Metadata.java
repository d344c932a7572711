package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The key-value pairs of a GGUF file, read with types; every error names the file and the key.
 *
 * <p>A value is a Long (any whole number), Float, Double, Boolean, String or a List of those.
 */
final class Metadata {
    private final Path file;
    private final Map<String, Object> values;

    Metadata(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    Path file() {
        return file;
    }

    Set<String> keys() {
        return values.keySet();
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<String> text(String key) {
        return of(key, String.class, "text");
    }

    String requiredText(String key) {
        return text(key).orElseThrow(() -> missing(key));
    }

    /** A whole number from 1 to 2^31 - 1. */
    OptionalInt positive(String key) {
        OptionalInt value = natural(key);
        if (value.isPresent() && value.getAsInt() == 0) {
            throw wrong(key, "is 0, which is not positive");
        }
        return value;
    }

    int requiredPositive(String key) {
        return positive(key).orElseThrow(() -> missing(key));
    }

    /** A whole number from 0 to 2^31 - 1. */
    OptionalInt natural(String key) {
        Object value = values.get(key);
        if (value == null) {
            return OptionalInt.empty();
        }
        if (value instanceof List<?>) {
            throw wrong(key, "is a list; a value that differs from layer to layer is not supported");
        }
        if (!(value instanceof Long number) || number < 0 || number > Integer.MAX_VALUE) {
            throw wrong(key, "is " + shown(value) + ", which is not a whole number from 0 to 2147483647");
        }
        return OptionalInt.of(number.intValue());
    }

    int requiredNatural(String key) {
        return natural(key).orElseThrow(() -> missing(key));
    }

    /**
     * A finite number; a float32 is taken by its shortest decimal form, so that 1e-5 does not become
     * 9.999999747378752e-06.
     */
    OptionalDouble number(String key) {
        Object value = values.get(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (!(value instanceof Number)) {
            throw wrong(key, "is " + shown(value) + ", which is not a number");
        }
        double number = Double.parseDouble(value.toString());
        if (!Double.isFinite(number)) {
            throw wrong(key, "is " + number + ", which is not a finite number");
        }
        return OptionalDouble.of(number);
    }

    double requiredNumber(String key) {
        return number(key).orElseThrow(() -> missing(key));
    }

    Optional<Boolean> flag(String key) {
        return of(key, Boolean.class, "true or false");
    }

    Optional<List<String>> texts(String key) {
        return list(key, String.class, "texts");
    }

    Optional<List<Long>> wholeNumbers(String key) {
        return list(key, Long.class, "whole numbers");
    }

    Optional<List<Float>> floats(String key) {
        return list(key, Float.class, "float32 numbers");
    }

    /** The value as it was read. */
    Optional<Object> raw(String key) {
        return Optional.ofNullable(values.get(key));
    }

    private <T> Optional<T> of(String key, Class<T> type, String what) {
        Object value = values.get(key);
        if (value != null && !type.isInstance(value)) {
            throw wrong(key, "is " + shown(value) + ", which is not " + what);
        }
        return Optional.ofNullable(value).map(type::cast);
    }

    private <T> Optional<List<T>> list(String key, Class<T> type, String what) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof List<?> list) || !list.stream().allMatch(type::isInstance)) {
            throw wrong(key, "is not a list of " + what);
        }
        return Optional.of(list.stream().map(type::cast).toList());
    }

    private static String shown(Object value) {
        String text = value instanceof List<?> ? "a list" : value.toString();
        return text.length() > 60 ? text.substring(0, 60) + "..." : text;
    }

    /** An error about one key. */
    UserError wrong(String key, String what) {
        return new UserError(
                file + ": the metadata key " + key + " " + what + "; make the file again from the model it came from.");
    }

    UserError missing(String key) {
        return new UserError(file + ": the metadata key " + key
                + " is missing; make the file again with a current converter from the model it came from.");
    }
}
