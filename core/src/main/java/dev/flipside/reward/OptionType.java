package dev.flipside.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What an option of a reward function may hold, and how the value of a configuration is read as that.
 *
 * @param <T> what it is for the function
 */
public final class OptionType<T> {
    /** A whole number that an int holds. */
    public static final OptionType<Integer> WHOLE_NUMBER = new OptionType<>("whole number", 0, OptionType::integer);

    /** A finite number. */
    public static final OptionType<Double> NUMBER = new OptionType<>("number", 0.0, value -> number("a number", value));

    public static final OptionType<String> TEXT = new OptionType<>("text", "", OptionType::text);

    public static final OptionType<List<String>> TEXTS =
            new OptionType<>("list of texts", List.of(), OptionType::texts);

    public static final OptionType<Boolean> FLAG = new OptionType<>("true or false", false, OptionType::flag);

    /** A regular expression of Java whose dot matches line breaks, and whose {@code ^} and {@code $} match at lines. */
    public static final OptionType<Pattern> PATTERN =
            new OptionType<>("regular expression", Pattern.compile(""), OptionType::pattern);

    private final String name;
    private final T neutral;
    private final Function<Object, T> reading;

    private OptionType(String name, T neutral, Function<Object, T> reading) {
        this.name = name;
        this.neutral = neutral;
        this.reading = reading;
    }

    /** As documentation names it. */
    public String name() {
        return name;
    }

    /** What stands for a value that is wrong until all that is wrong is told; no function is made of it. */
    T neutral() {
        return neutral;
    }

    /** @throws IllegalArgumentException saying what the value must be, such as "must be text, not '3'" */
    T read(Object value) {
        return reading.apply(value);
    }

    private static int integer(Object value) {
        double number = number("a whole number", value);
        if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("must be a whole number, not " + value);
        }
        return (int) number;
    }

    private static double number(String what, Object value) {
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException("must be " + what + ", not '" + value + "'");
    }

    private static String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("must be text, not '" + value + "'");
    }

    private static List<String> texts(Object value) {
        List<String> texts = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object element : list) {
                // A port or a path of digits is a number for YAML.
                if (element instanceof String || element instanceof Integer || element instanceof Long) {
                    texts.add(String.valueOf(element));
                }
            }
            if (texts.size() == list.size() && !texts.isEmpty()) {
                return List.copyOf(texts);
            }
        }
        throw new IllegalArgumentException("must be a list of texts such as [a, b], not '" + value + "'");
    }

    private static boolean flag(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalArgumentException("must be true or false, not '" + value + "'");
    }

    private static Pattern pattern(Object value) {
        try {
            return Pattern.compile(text(value), Pattern.DOTALL | Pattern.MULTILINE);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "is not a regular expression: " + e.getDescription() + " at character " + e.getIndex(), e);
        }
    }
}
