package dev.flipside.text.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The filters of texts and numbers; {@link ItemFilters} has those of lists and dicts. */
final class Filters {
    private static final Pattern WORD =
            Pattern.compile("[^-\\s({\\[<]+|[-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d+(?:_\\d+)*");
    private static final Pattern FLOAT =
            Pattern.compile("[+-]?(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)(?:[eE][+-]?\\d+)?");
    private static final Pattern NO_NUMBER = Pattern.compile("[+-]?(?:inf|infinity|nan)", Pattern.CASE_INSENSITIVE);
    private static final Set<String> NAMES = Set.of(
            "abs",
            "capitalize",
            "default",
            "d",
            "float",
            "indent",
            "int",
            "length",
            "count",
            "lower",
            "replace",
            "round",
            "string",
            "title",
            "tojson",
            "trim",
            "upper");

    /** Those that look at the elements of a value and not into them. */
    private static final Set<String> SHALLOW =
            Set.of("default", "d", "first", "items", "last", "length", "list", "count", "reverse");

    private static final Set<String> SORTING = Set.of("dictsort", "max", "min", "sort", "unique");

    /** Digits of a number that is read, and decimals that a double can have. */
    private static final int MAX_DIGITS = 1_100;

    private Filters() {}

    static boolean exists(String name) {
        return NAMES.contains(name) || ItemFilters.NAMES.contains(name);
    }

    /** What {@code value | name(arguments)} gives. */
    static Object apply(Budget budget, String name, Object value, Arguments arguments) {
        if (!exists(name)) {
            throw TemplateException.of("the filter '" + name + "' is not supported");
        }
        count(budget, name, value, arguments);
        return budget.built(
                ItemFilters.NAMES.contains(name)
                        ? ItemFilters.apply(budget, name, value, arguments)
                        : apply(name, value, arguments));
    }

    private static void count(Budget budget, String name, Object value, Arguments arguments) {
        if (SHALLOW.contains(name)) {
            budget.look(value);
            return;
        }
        budget.walk(value);
        if (SORTING.contains(name)) {
            for (int i = 0; i < 20; i++) { // the logarithm of the longest list
                budget.walk(value);
            }
        }
        for (Object argument : arguments.all()) {
            budget.walk(argument);
            if (value instanceof String text && argument instanceof String part) {
                budget.search(text, part);
            }
        }
    }

    private static Object apply(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "default", "d" -> otherwise(value, arguments);
            case "indent" -> indented(value, arguments);
            case "int" -> integer(value, arguments);
            case "float" -> decimal(value, arguments);
            case "replace" -> replaced(value, arguments);
            case "round" -> rounded(value, arguments);
            case "trim" -> trimmed(value, arguments);
            case "tojson" -> Json.of(value, arguments);
            default -> {
                arguments.bindNothing("the filter '" + name + "'");
                yield plain(name, value);
            }
        };
    }

    private static Object plain(String name, Object value) {
        return switch (name) {
            case "upper" -> Text.upper(Show.str(value));
            case "lower" -> Text.lower(Show.str(value));
            case "capitalize" -> Text.capitalised(Show.str(value));
            case "title" -> titled(Show.str(value));
            case "string" -> Show.str(value);
            case "length", "count" -> Values.length(value);
            case "abs" -> {
                Object negative = Arithmetic.sign("-", value);
                yield Values.order("<", negative, 0L) > 0 ? negative : Arithmetic.sign("+", value);
            }
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Object otherwise(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean missing = value instanceof Undefined || bound.truth("boolean") && !Values.truth(value);
        return missing ? bound.get("default_value", "") : value;
    }

    /** A word, for this filter, is what stands between white space, hyphens and opening brackets. */
    private static String titled(String text) {
        StringBuilder out = new StringBuilder();
        Matcher words = WORD.matcher(text);
        while (words.find()) {
            String word = words.group();
            int first = Character.charCount(word.codePointAt(0));
            out.append(Text.upper(word.substring(0, first))).append(Text.lower(word.substring(first)));
        }
        return out.toString();
    }

    private static String indented(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        if (!(value instanceof String text)) {
            throw TemplateException.of("indent needs a text, not '" + Values.typeName(value) + "'");
        }
        int width = bound.get("width") instanceof String ? 0 : bound.integer("width", 4);
        Arithmetic.requireLength(width);
        String margin = bound.get("width") instanceof String given ? given : " ".repeat(Math.max(0, width));
        List<Object> lines = Text.lines(text + "\n");
        StringBuilder out = new StringBuilder(bound.truth("first") ? margin : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean shifted = i > 0 && (bound.truth("blank") || !line.isEmpty());
            out.append(i > 0 ? "\n" : "").append(shifted ? margin : "").append(line);
            Arithmetic.requireLength(out.length());
        }
        return out.toString();
    }

    private static Object integer(Object value, Arguments arguments) {
        Object otherwise = arguments.bind("int", 0, "default").get("default", 0L);
        Object number = value instanceof String text ? whole(text) : number(value);
        if (number instanceof Double decimal) {
            if (Double.isFinite(decimal) && Math.abs(decimal) < 0x1p63) {
                return (long) (double) decimal;
            }
            throw TemplateException.of("a number has more than 64 bits, which is not supported");
        }
        return number == null ? otherwise : number;
    }

    private static Number number(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.used();
        }
        return Values.number(value);
    }

    /** What may be a number; the expressions below take too long for a long one. */
    private static String digits(String text) {
        String digits = Text.strip(text);
        if (digits.length() > MAX_DIGITS && !digits.chars().allMatch(c -> "+-.eE_0123456789".indexOf(c) >= 0)) {
            return "no number";
        } else if (digits.length() > MAX_DIGITS) {
            throw TemplateException.of(
                    "reading a number from a text of more than " + MAX_DIGITS + " characters is not supported");
        }
        return digits;
    }

    private static Number whole(String text) {
        String digits = digits(text);
        if (!INTEGER.matcher(digits).matches()) {
            return number(text);
        }
        try {
            return Long.parseLong(digits.replace("_", ""));
        } catch (NumberFormatException e) {
            throw TemplateException.of("a number has more than 64 bits, which is not supported");
        }
    }

    /** A text as Python's {@code float} reads it; null when it is no number. */
    private static Number number(String text) {
        String digits = digits(text);
        if (NO_NUMBER.matcher(digits).matches()) {
            throw TemplateException.of("the number '" + digits + "' is not supported");
        }
        return FLOAT.matcher(digits).matches() ? Double.valueOf(digits.replace("_", "")) : null;
    }

    private static Object decimal(Object value, Arguments arguments) {
        Object otherwise = arguments.bind("float", 0, "default").get("default", 0.0);
        Number number = value instanceof String text ? number(text) : number(value);
        return number == null ? otherwise : (Object) number.doubleValue();
    }

    private static Object replaced(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
        Object count = bound.get("count", None.NONE);
        int most = count == None.NONE ? -1 : bound.integer("count", -1);
        return StringMethods.replaced(Show.str(value), Show.str(bound.get("old")), Show.str(bound.get("new")), most);
    }

    private static Object rounded(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("round", 0, "precision", "method");
        int precision = bound.integer("precision", 0);
        Number number = Values.number(value);
        if (number == null) {
            throw TemplateException.of("round needs a number, not '" + Values.typeName(value) + "'");
        }
        if (!"common".equals(bound.get("method", "common")) || precision < 0) {
            throw TemplateException.of("round with a method or to tens is not supported");
        }
        double exact = number.doubleValue();
        if (number instanceof Long || !Double.isFinite(exact) || precision > MAX_DIGITS) {
            return number;
        }
        double rounded = new BigDecimal(exact)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .doubleValue();
        return Math.copySign(rounded, exact);
    }

    private static Object trimmed(Object value, Arguments arguments) {
        Object characters = arguments.bind("trim", 0, "chars").get("chars", None.NONE);
        String text = Show.str(value);
        if (characters == None.NONE) {
            return Text.strip(text);
        }
        if (!(characters instanceof String set)) {
            throw TemplateException.of("trim needs a text for 'chars', not '" + Values.typeName(characters) + "'");
        }
        return Text.stripLeft(Text.stripRight(text, set), set);
    }
}
