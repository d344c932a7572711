package dev.flipside.reward;

import dev.flipside.config.UserError;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads a function's options, and refuses those nobody asked for. */
final class Options {
    private final String function;
    private final Map<String, Object> given;
    private final Set<String> known = new LinkedHashSet<>();

    Options(String function, Map<String, Object> given) {
        this.function = function;
        this.given = given;
    }

    int integer(String key) {
        return integer(key, value(key).orElseThrow(() -> missing(key)));
    }

    int integer(String key, int otherwise) {
        return value(key).map(v -> integer(key, v)).orElse(otherwise);
    }

    double number(String key, double otherwise) {
        return value(key).map(v -> number(key, v)).orElse(otherwise);
    }

    String text(String key, String otherwise) {
        return value(key).map(v -> text(key, v)).orElse(otherwise);
    }

    boolean flag(String key, boolean otherwise) {
        return value(key).map(v -> flag(key, v)).orElse(otherwise);
    }

    Pattern pattern(String key, int flags) {
        return optionalPattern(key, flags).orElseThrow(() -> missing(key));
    }

    Optional<Pattern> optionalPattern(String key, int flags) {
        return value(key).map(v -> compile(key, text(key, v), flags));
    }

    /** Call last: every option given must have been asked for. */
    void refuseOthers() {
        for (String key : given.keySet()) {
            if (!known.contains(key)) {
                throw error(key, "is not known; the options are " + String.join(", ", known));
            }
        }
    }

    UserError error(String key, String problem) {
        return new UserError("Reward function '" + function + "': option '" + key + "' " + problem + ".");
    }

    private Optional<Object> value(String key) {
        known.add(key);
        return Optional.ofNullable(given.get(key));
    }

    private UserError missing(String key) {
        return error(key, "is missing");
    }

    private int integer(String key, Object value) {
        double number = number(key, value);
        if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
            throw error(key, "must be a whole number, not " + value);
        }
        return (int) number;
    }

    private double number(String key, Object value) {
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw error(key, "must be a number, not '" + value + "'");
    }

    private String text(String key, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw error(key, "must be text, not '" + value + "'");
    }

    private boolean flag(String key, Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw error(key, "must be true or false, not '" + value + "'");
    }

    private Pattern compile(String key, String regex, int flags) {
        try {
            return Pattern.compile(regex, flags);
        } catch (PatternSyntaxException e) {
            throw new UserError(
                    error(key, "is not a regular expression: " + e.getDescription() + " at character " + e.getIndex())
                            .getMessage(),
                    e);
        }
    }
}
