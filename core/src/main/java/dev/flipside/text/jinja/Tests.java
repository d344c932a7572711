package dev.flipside.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** What stands behind {@code is}. */
final class Tests {
    private static final Map<String, String> COMPARISONS = Map.ofEntries(
            Map.entry("==", "=="),
            Map.entry("eq", "=="),
            Map.entry("equalto", "=="),
            Map.entry("!=", "!="),
            Map.entry("ne", "!="),
            Map.entry("<", "<"),
            Map.entry("lt", "<"),
            Map.entry("lessthan", "<"),
            Map.entry("<=", "<="),
            Map.entry("le", "<="),
            Map.entry(">", ">"),
            Map.entry("gt", ">"),
            Map.entry("greaterthan", ">"),
            Map.entry(">=", ">="),
            Map.entry("ge", ">="),
            Map.entry("in", "in"));
    private static final Set<String> NAMES = Set.of(
            "boolean",
            "callable",
            "defined",
            "divisibleby",
            "even",
            "false",
            "filter",
            "float",
            "integer",
            "iterable",
            "lower",
            "mapping",
            "none",
            "number",
            "odd",
            "sameas",
            "sequence",
            "string",
            "test",
            "true",
            "undefined",
            "upper");

    private Tests() {}

    /** Whether {@code value is name(arguments)}. */
    static boolean holds(Budget budget, String name, Object value, Arguments arguments) {
        budget.step();
        if (COMPARISONS.containsKey(name)) {
            budget.compare(COMPARISONS.get(name), value, argument(name, arguments));
            return Values.compares(COMPARISONS.get(name), value, argument(name, arguments));
        }
        return switch (name) {
            case "divisibleby" -> hasRest(value, argument(name, arguments), 0);
            case "sameas" -> isSame(value, argument(name, arguments));
            default -> {
                if (!NAMES.contains(name)) {
                    throw TemplateException.of("the test '" + name + "' is not supported");
                }
                arguments.bindNothing("the test '" + name + "'");
                if (name.equals("lower") || name.equals("upper")) {
                    budget.walk(value);
                }
                yield plain(name, value);
            }
        };
    }

    private static Object argument(String name, Arguments arguments) {
        return arguments.bind("the test '" + name + "'", 1, "other").get("other");
    }

    private static boolean plain(String name, Object value) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == None.NONE;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "number" -> Values.number(value) != null;
            case "mapping" -> value instanceof Map;
            case "iterable" -> Values.isIterable(value);
            case "sequence" -> isSequence(value);
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            case "even" -> hasRest(value, 2L, 0);
            case "odd" -> hasRest(value, 2L, 1);
            case "lower" -> Text.isLower(Show.str(value));
            case "upper" -> Text.isUpper(Show.str(value));
            case "filter" -> value instanceof String filter && Filters.exists(filter);
            case "test" -> value instanceof String test && (NAMES.contains(test) || COMPARISONS.containsKey(test));
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** What has a length and elements by number or key; a dict's views and generators have not. */
    private static boolean isSequence(Object value) {
        return value instanceof List
                || value instanceof String
                || value instanceof Map
                || value instanceof Tuple
                || value instanceof Undefined
                || value instanceof Sequence sequence && sequence.indexed();
    }

    private static boolean hasRest(Object value, Object divisor, long rest) {
        return Values.equal(Arithmetic.apply("%", value, divisor), rest);
    }

    private static boolean isSame(Object value, Object other) {
        if (value instanceof Boolean || value == None.NONE || other instanceof Boolean || other == None.NONE) {
            return value.equals(other);
        }
        throw TemplateException.of("the test 'sameas' is supported for true, false and none only");
    }
}
