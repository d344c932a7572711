package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters of lists and dicts. */
final class ItemFilters {
    static final Set<String> NAMES = Set.of(
            "dictsort",
            "first",
            "items",
            "join",
            "last",
            "list",
            "map",
            "max",
            "min",
            "reject",
            "rejectattr",
            "reverse",
            "select",
            "selectattr",
            "sort",
            "sum",
            "unique");

    private ItemFilters() {}

    static Object apply(Budget budget, String name, Object value, Arguments arguments) {
        return switch (name) {
            case "map" -> new Generator("generator", mapped(budget, value, arguments));
            case "select", "reject" -> filtered(budget, value, arguments, name.equals("select"));
            case "selectattr", "rejectattr" -> filteredByAttribute(budget, value, arguments, name.equals("selectattr"));
            case "join" -> joined(value, arguments);
            case "sort" -> sorted(value, arguments);
            case "dictsort" -> entriesInOrder(value, arguments);
            case "max", "min" -> extreme(name, value, arguments);
            case "unique" -> unique(value, arguments);
            case "sum" -> sum(budget, value, arguments);
            default -> {
                arguments.bindNothing("the filter '" + name + "'");
                yield plain(name, value);
            }
        };
    }

    private static Object plain(String name, Object value) {
        return switch (name) {
            case "list" -> new ArrayList<>(Values.iterate(value));
            case "first" -> {
                List<Object> first = value instanceof Generator generator ? generator.next() : Values.iterate(value);
                yield first.isEmpty() ? new Undefined("No first item, sequence was empty.") : first.get(0);
            }
            case "last" -> last(value);
            case "reverse" -> reversed(value);
            case "items" -> items(value);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Object last(Object value) {
        if (value instanceof Generator generator) {
            throw TemplateException.of("'" + generator.type() + "' object is not reversible");
        }
        List<Object> items = Values.iterate(value);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.get(items.size() - 1);
    }

    private static Object reversed(Object value) {
        if (value instanceof String text) {
            return Text.reversed(text);
        }
        List<Object> items = new ArrayList<>(Values.iterate(value));
        Collections.reverse(items);
        // Python cannot turn a generator round and makes a list of it; of all else it makes an iterator.
        return value instanceof Generator ? items : new Generator("reversed iterator", items);
    }

    private static Object items(Object value) {
        if (value instanceof Undefined) {
            return new Generator("generator", List.of());
        }
        if (value instanceof Map<?, ?> map) {
            return new Generator("generator", Members.entries(map));
        }
        throw TemplateException.of("the filter 'items' needs a dict, not '" + Values.typeName(value) + "'");
    }

    private static List<Object> mapped(Budget budget, Object value, Arguments arguments) {
        List<Object> out = new ArrayList<>();
        if (!Values.truth(value)) {
            return out;
        }
        List<Object> items = Values.iterate(value);
        if (arguments.positional().isEmpty()) {
            Arguments.Bound bound = arguments.bind("map", 1, "attribute", "default");
            UnaryOperator<Object> attribute = attribute(bound.get("attribute"));
            Object otherwise = bound.get("default", None.NONE);
            items.forEach(item -> {
                Object found = attribute.apply(item);
                out.add(found instanceof Undefined && otherwise != None.NONE ? otherwise : found);
            });
        } else {
            String filter = name("map", arguments.positional().get(0));
            Arguments rest = arguments.from(1);
            items.forEach(item -> out.add(Filters.apply(budget, filter, item, rest)));
        }
        return out;
    }

    private static String name(String filter, Object value) {
        if (value instanceof String name) {
            return name;
        }
        throw TemplateException.of("the filter '" + filter + "' needs a name, not '" + Values.typeName(value) + "'");
    }

    /** Reads {@code a.b.0} of an item, or the element of a number. */
    private static UnaryOperator<Object> attribute(Object path) {
        if (path instanceof Long) {
            return item -> Members.item(item, path);
        }
        List<Object> steps = new ArrayList<>();
        for (String step : name("attribute", path).split("\\.", -1)) {
            steps.add(step.matches("\\d{1,9}") ? (Object) Long.valueOf(step) : step);
        }
        return item -> {
            Object found = item;
            for (Object step : steps) {
                found = Members.item(found, step);
            }
            return found;
        };
    }

    private static Object filtered(Budget budget, Object value, Arguments arguments, boolean keep) {
        return kept(value, test(budget, arguments), UnaryOperator.identity(), keep);
    }

    private static Object filteredByAttribute(Budget budget, Object value, Arguments arguments, boolean keep) {
        if (arguments.positional().isEmpty()) {
            throw TemplateException.of("selectattr and rejectattr need the name of an attribute");
        }
        return kept(
                value,
                test(budget, arguments.from(1)),
                attribute(arguments.positional().get(0)),
                keep);
    }

    private static Predicate<Object> test(Budget budget, Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            return Values::truth;
        }
        String test = name("select", arguments.positional().get(0));
        Arguments rest = arguments.from(1);
        return item -> Tests.holds(budget, test, item, rest);
    }

    private static Object kept(Object value, Predicate<Object> test, UnaryOperator<Object> seen, boolean keep) {
        List<Object> out = new ArrayList<>();
        if (Values.truth(value)) {
            for (Object item : Values.iterate(value)) {
                if (test.test(seen.apply(item)) == keep) {
                    out.add(item);
                }
            }
        }
        return new Generator("generator", out);
    }

    private static Object joined(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
        String separator = Show.str(bound.get("d", ""));
        Object path = bound.get("attribute", None.NONE);
        UnaryOperator<Object> seen = path == None.NONE ? UnaryOperator.identity() : attribute(path);
        StringBuilder out = new StringBuilder();
        String before = "";
        for (Object item : Values.iterate(value)) {
            out.append(before).append(Show.str(seen.apply(item)));
            Arithmetic.requireLength(out.length());
            before = separator;
        }
        return out.toString();
    }

    /** What sorting looks at: an attribute if one is named, in small letters unless case counts. */
    private static UnaryOperator<Object> sortKey(Arguments.Bound bound) {
        Object path = bound.get("attribute", None.NONE);
        if (path instanceof String several && several.contains(",")) {
            throw TemplateException.of("sorting by several attributes is not supported");
        }
        UnaryOperator<Object> seen = path == None.NONE ? UnaryOperator.identity() : attribute(path);
        boolean caseCounts = bound.truth("case_sensitive");
        return item -> {
            Object key = seen.apply(item);
            return key instanceof String text && !caseCounts ? Text.lower(text) : key;
        };
    }

    private static List<Object> inOrder(List<Object> items, UnaryOperator<Object> key, boolean descending) {
        Comparator<Object> order = (a, b) -> Values.order("<", key.apply(a), key.apply(b));
        List<Object> sorted = new ArrayList<>(items);
        sorted.sort(descending ? order.reversed() : order);
        return sorted;
    }

    private static Object sorted(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        return inOrder(Values.iterate(value), sortKey(bound), bound.truth("reverse"));
    }

    private static Object entriesInOrder(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        Object by = bound.get("by", "key");
        if (!(value instanceof Map<?, ?> map) || !by.equals("key") && !by.equals("value")) {
            throw TemplateException.of("dictsort needs a dict, and 'key' or 'value' to sort by");
        }
        UnaryOperator<Object> key = sortKey(bound);
        int part = by.equals("key") ? 0 : 1;
        return inOrder(
                Members.entries(map), entry -> key.apply(((Tuple) entry).items().get(part)), bound.truth("reverse"));
    }

    private static Object extreme(String name, Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(name, 0, "case_sensitive", "attribute");
        List<Object> items = Values.iterate(value);
        if (items.isEmpty()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        UnaryOperator<Object> key = sortKey(bound);
        Object best = items.get(0);
        for (Object item : items) {
            int order = Values.order("<", key.apply(item), key.apply(best));
            best = name.equals("max") && order > 0 || name.equals("min") && order < 0 ? item : best;
        }
        return best;
    }

    private static Object unique(Object value, Arguments arguments) {
        UnaryOperator<Object> key = sortKey(arguments.bind("unique", 0, "case_sensitive", "attribute"));
        Set<Object> seen = new java.util.HashSet<>();
        List<Object> out = Values.iterate(value).stream()
                .filter(item -> seen.add(Values.key(key.apply(item))))
                .toList();
        return new Generator("generator", out);
    }

    private static Object sum(Budget budget, Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sum", 0, "attribute", "start");
        Object path = bound.get("attribute", None.NONE);
        UnaryOperator<Object> seen = path == None.NONE ? UnaryOperator.identity() : attribute(path);
        Object total = bound.get("start", 0L);
        for (Object item : Values.iterate(value)) {
            total = budget.built(Arithmetic.apply("+", total, seen.apply(item)));
        }
        return total;
    }
}
