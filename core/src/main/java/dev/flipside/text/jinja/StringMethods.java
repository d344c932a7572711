package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * The methods of Python's {@code str}. Those that templates do not call are known by name, so that they are refused
 * rather than undefined.
 */
final class StringMethods {
    private static final Set<String> METHODS = Set.of(
            "capitalize",
            "count",
            "endswith",
            "find",
            "index",
            "isalnum",
            "isalpha",
            "isdigit",
            "islower",
            "isspace",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "title",
            "upper",
            "zfill");
    private static final Set<String> UNSUPPORTED = Set.of(
            "casefold",
            "center",
            "encode",
            "expandtabs",
            "format",
            "format_map",
            "isascii",
            "isdecimal",
            "isidentifier",
            "isnumeric",
            "isprintable",
            "istitle",
            "maketrans",
            "swapcase",
            "translate");

    private StringMethods() {}

    static boolean isMethod(String name) {
        return METHODS.contains(name) || UNSUPPORTED.contains(name);
    }

    static Object call(String text, String method, Arguments arguments) {
        return switch (method) {
            case "strip", "lstrip", "rstrip" -> stripped(text, method, arguments);
            case "split", "rsplit" -> split(text, method, arguments);
            case "startswith", "endswith" -> begins(text, method, arguments);
            case "find", "rfind", "index", "rindex", "count" -> found(text, method, arguments);
            case "removeprefix", "removesuffix" -> without(text, method, arguments);
            case "partition", "rpartition" -> parted(text, method, arguments);
            case "ljust", "rjust", "zfill" -> padded(text, method, arguments);
            case "replace" -> replaced(text, arguments);
            case "join" -> joined(text, arguments.bind("join()", 1, "iterable").get("iterable"));
            case "splitlines" -> lines(text, arguments);
            default -> {
                if (UNSUPPORTED.contains(method)) {
                    throw TemplateException.of("the string method '" + method + "' is not supported");
                }
                arguments.bindNothing(method + "()");
                yield plain(text, method);
            }
        };
    }

    private static Object plain(String text, String method) {
        return switch (method) {
            case "upper" -> Text.upper(text);
            case "lower" -> Text.lower(text);
            case "title" -> Text.titled(text);
            case "capitalize" -> Text.capitalised(text);
            case "islower" -> Text.isLower(text);
            case "isupper" -> Text.isUpper(text);
            case "isspace" -> every(text, Text::isSpace);
            case "isalpha" -> every(text, Character::isLetter);
            case "isdigit" -> every(text, c -> isDigit(method, c));
            case "isalnum" -> every(text, c -> Character.isLetter(c) || isDigit(method, c));
            default -> throw new IllegalArgumentException(method);
        };
    }

    private static boolean every(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    /** Python counts some numbers that are no decimal digits, such as superscripts: which, Java does not know. */
    private static boolean isDigit(String method, int c) {
        if (Character.getType(c) == Character.OTHER_NUMBER || Character.getType(c) == Character.LETTER_NUMBER) {
            throw TemplateException.of(
                    "the string method '" + method + "' is not supported for '" + Character.toString(c) + "'");
        }
        return Character.isDigit(c);
    }

    private static String stripped(String text, String method, Arguments arguments) {
        Object set = arguments.bind(method + "()", 0, "chars").get("chars", None.NONE);
        if (set == None.NONE) {
            String left = method.equals("rstrip") ? text : Text.stripLeft(text);
            return method.equals("lstrip") ? left : Text.stripRight(left);
        }
        String characters = requireText(method, set);
        String left = method.equals("rstrip") ? text : Text.stripLeft(text, characters);
        return method.equals("lstrip") ? left : Text.stripRight(left, characters);
    }

    private static String requireText(String method, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw TemplateException.of(method + "() needs a text, not '" + Values.typeName(value) + "'");
    }

    private static List<Object> split(String text, String method, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(method + "()", 0, "sep", "maxsplit");
        Object separator = bound.get("sep", None.NONE);
        int most = bound.integer("maxsplit", -1);
        boolean fromRight = method.equals("rsplit");
        if (separator == None.NONE) {
            if (most >= 0) {
                throw TemplateException.of(method + "() at white space with 'maxsplit' is not supported");
            }
            return words(text);
        }
        String at = requireText(method, separator);
        if (at.isEmpty()) {
            throw TemplateException.of("empty separator");
        }
        return fromRight ? splitRight(text, at, most) : splitLeft(text, at, most);
    }

    private static List<Object> words(String text) {
        List<Object> words = new ArrayList<>();
        int start = -1;
        for (int i = 0; i <= text.length(); i++) {
            boolean space = i == text.length() || Text.isSpace(text.charAt(i));
            if (space && start >= 0) {
                words.add(text.substring(start, i));
                Arithmetic.requireItems(words.size());
                start = -1;
            } else if (!space && start < 0) {
                start = i;
            }
        }
        return words;
    }

    private static List<Object> splitLeft(String text, String separator, int most) {
        List<Object> parts = new ArrayList<>();
        int start = 0;
        int at = text.indexOf(separator);
        while (at >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(start, at));
            Arithmetic.requireItems(parts.size());
            start = at + separator.length();
            at = text.indexOf(separator, start);
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static List<Object> splitRight(String text, String separator, int most) {
        List<Object> parts = new ArrayList<>(); // from the last to the first
        int end = text.length();
        int at = text.lastIndexOf(separator);
        while (at >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(at + separator.length(), end));
            Arithmetic.requireItems(parts.size());
            end = at;
            at = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
        }
        parts.add(text.substring(0, end));
        Collections.reverse(parts);
        return parts;
    }

    private static boolean begins(String text, String method, Arguments arguments) {
        Object wanted = arguments.bind(method + "()", 1, "prefix").get("prefix");
        List<Object> options = wanted instanceof Tuple several ? several.items() : List.of(wanted);
        return options.stream()
                .map(option -> requireText(method, option))
                .anyMatch(option -> method.equals("startswith") ? text.startsWith(option) : text.endsWith(option));
    }

    private static long found(String text, String method, Arguments arguments) {
        String wanted = arguments.bind(method + "()", 1, "sub").text("sub");
        if (method.equals("count")) {
            return wanted.isEmpty()
                    ? Text.length(text) + 1L
                    : splitLeft(text, wanted, -1).size() - 1L;
        }
        int at = method.startsWith("r") ? text.lastIndexOf(wanted) : text.indexOf(wanted);
        if (at < 0 && method.endsWith("index")) {
            throw TemplateException.of("substring not found");
        }
        return at < 0 ? -1 : text.codePointCount(0, at);
    }

    private static String without(String text, String method, Arguments arguments) {
        String part = arguments.bind(method + "()", 1, "part").text("part");
        if (method.equals("removeprefix")) {
            return text.startsWith(part) ? text.substring(part.length()) : text;
        }
        return text.endsWith(part) ? text.substring(0, text.length() - part.length()) : text;
    }

    private static Tuple parted(String text, String method, Arguments arguments) {
        String separator = arguments.bind(method + "()", 1, "sep").text("sep");
        if (separator.isEmpty()) {
            throw TemplateException.of("empty separator");
        }
        boolean fromRight = method.equals("rpartition");
        int at = fromRight ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return fromRight ? Tuple.of("", "", text) : Tuple.of(text, "", "");
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    private static String padded(String text, String method, Arguments arguments) {
        Arguments.Bound bound = method.equals("zfill")
                ? arguments.bind("zfill()", 1, "width")
                : arguments.bind(method + "()", 1, "width", "fillchar");
        int width = bound.integer("width", 0);
        Arithmetic.requireLength(width);
        String fill = method.equals("zfill") ? "0" : bound.has("fillchar") ? bound.text("fillchar") : " ";
        if (Text.length(fill) != 1) {
            throw TemplateException.of(method + "() needs exactly one character to fill with");
        }
        String padding = fill.repeat(Math.max(0, width - Text.length(text)));
        boolean signed = method.equals("zfill") && (text.startsWith("-") || text.startsWith("+"));
        if (signed) {
            return text.charAt(0) + padding + text.substring(1);
        }
        return method.equals("ljust") ? text + padding : padding + text;
    }

    private static String replaced(String text, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("replace()", 2, "old", "new", "count");
        return replaced(text, bound.text("old"), bound.text("new"), bound.integer("count", -1));
    }

    static String replaced(String text, String old, String by, int most) {
        if (old.isEmpty()) {
            throw TemplateException.of("replacing an empty text is not supported");
        }
        List<Object> parts = splitLeft(text, old, most);
        Arithmetic.requireLength(text.length() + (long) (parts.size() - 1) * by.length());
        return joinedTexts(by, parts);
    }

    private static String joinedTexts(String separator, List<Object> parts) {
        return String.join(separator, parts.stream().map(String.class::cast).toList());
    }

    private static String joined(String separator, Object iterable) {
        List<Object> parts = Values.iterate(iterable);
        long length = 0;
        for (Object part : parts) {
            length += requireText("join", part).length() + (long) separator.length();
        }
        Arithmetic.requireLength(length);
        return joinedTexts(separator, parts);
    }

    private static List<Object> lines(String text, Arguments arguments) {
        if (arguments.bind("splitlines()", 0, "keepends").truth("keepends")) {
            throw TemplateException.of("splitlines() that keeps the line breaks is not supported");
        }
        return Text.lines(text);
    }
}
