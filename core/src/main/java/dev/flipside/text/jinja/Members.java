package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * {@code .name}, {@code [key]} and {@code [a:b:c]}: a missing one is undefined, as in Jinja; a method that would change
 * a value is refused, as in its sandbox.
 */
final class Members {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "copy");
    private static final Set<String> DICT_CHANGES =
            Set.of("clear", "pop", "popitem", "setdefault", "update", "copy", "fromkeys");

    private Members() {}

    /** {@code target.name}: a method before an element. */
    static Object attribute(Object target, String name) {
        if (target instanceof Undefined undefined) {
            throw undefined.used();
        }
        Object method = method(target, name);
        if (!(method instanceof Undefined)) {
            return method;
        }
        if (target instanceof Number) {
            throw TemplateException.of("the attribute '" + name + "' of a number is not supported");
        }
        return target instanceof Map<?, ?> map && map.containsKey(name) ? map.get(name) : method;
    }

    /** {@code target[key]}: an element before a method. */
    static Object item(Object target, Object key) {
        if (target instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (target instanceof Map<?, ?> map) {
            Object value = map.get(Values.key(key));
            return value != null ? value : key instanceof String name ? method(target, name) : missing(target, key);
        }
        Number index = Values.number(key);
        if (index instanceof Long at) {
            return element(target, at);
        }
        return key instanceof String name ? method(target, name) : missing(target, key);
    }

    private static Object element(Object target, long index) {
        if (target instanceof String text) {
            int length = Text.length(text);
            long at = index < 0 ? index + length : index;
            return at < 0 || at >= length
                    ? missing(target, index)
                    : Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at)));
        }
        boolean indexed = target instanceof List
                || target instanceof Tuple
                || target instanceof Sequence sequence && sequence.indexed();
        List<Object> items = indexed ? Values.iterate(target) : List.of();
        long at = index < 0 ? index + items.size() : index;
        return at < 0 || at >= items.size() ? missing(target, index) : items.get((int) at);
    }

    private static Undefined missing(Object target, Object key) {
        return new Undefined(
                key instanceof String name
                        ? "'" + Values.typeName(target) + " object' has no attribute '" + name + "'"
                        : Values.typeName(target) + " object has no element " + Show.repr(key));
    }

    private static Object method(Object target, String name) {
        if (target instanceof Loop loop) {
            return loop.attribute(name);
        } else if (target instanceof Namespace namespace) {
            return namespace.get(name);
        } else if (target instanceof String text && StringMethods.isMethod(name)) {
            return (Callable) arguments -> StringMethods.call(text, name, arguments);
        } else if (target instanceof Map<?, ?> map) {
            return ofDict(map, name);
        } else if (target instanceof List || target instanceof Tuple) {
            return ofSequence(target, name);
        } else if (target instanceof Sequence || target instanceof Generator || target instanceof Callable) {
            throw TemplateException.of(
                    "the attribute '" + name + "' of a '" + Values.typeName(target) + "' is not supported");
        }
        return missing(target, name);
    }

    private static Object ofDict(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" ->
                (Callable) arguments -> {
                    arguments.bindNothing("dict.items()");
                    return new Sequence("dict_items", entries(map), false);
                };
            case "keys" ->
                (Callable) arguments -> {
                    arguments.bindNothing("dict.keys()");
                    return new Sequence("dict_keys", List.copyOf(map.keySet()), false);
                };
            case "values" ->
                (Callable) arguments -> {
                    arguments.bindNothing("dict.values()");
                    return new Sequence("dict_values", List.copyOf(map.values()), false);
                };
            case "get" ->
                (Callable) arguments -> {
                    Arguments.Bound bound = arguments.bind("dict.get()", 1, "key", "default");
                    Object value = map.get(Values.key(bound.get("key")));
                    return value != null ? value : bound.get("default", None.NONE);
                };
            default -> {
                requireNoChange(DICT_CHANGES, "dict", name);
                yield missing(map, name);
            }
        };
    }

    static List<Object> entries(Map<?, ?> map) {
        List<Object> entries = new ArrayList<>();
        map.forEach((key, value) -> entries.add(Tuple.of(key, value)));
        return entries;
    }

    private static Object ofSequence(Object target, String name) {
        if (name.equals("count")) {
            return (Callable) arguments -> {
                Object wanted = arguments.bind("count()", 1, "value").get("value");
                return Values.iterate(target).stream()
                        .filter(item -> Values.equal(item, wanted))
                        .count();
            };
        }
        if (name.equals("index")) {
            return (Callable) arguments -> {
                Object wanted = arguments.bind("index()", 1, "value").get("value");
                List<Object> items = Values.iterate(target);
                for (int i = 0; i < items.size(); i++) {
                    if (Values.equal(items.get(i), wanted)) {
                        return (long) i;
                    }
                }
                throw TemplateException.of(Show.repr(wanted) + " is not in the list");
            };
        }
        requireNoChange(target instanceof List ? LIST_CHANGES : Set.of(), "list", name);
        return missing(target, name);
    }

    private static void requireNoChange(Set<String> changes, String type, String name) {
        if (changes.contains(name)) {
            throw TemplateException.of("the method '" + name + "' of a " + type + " is not allowed in a template");
        }
    }

    /** {@code target[start:stop:step]}. */
    static Object slice(Object target, Object start, Object stop, Object step) {
        if (target instanceof Undefined undefined) {
            throw undefined.used();
        }
        boolean isRange = target instanceof Sequence sequence && sequence.indexed();
        if (!isRange && !(target instanceof String || target instanceof List || target instanceof Tuple)) {
            throw TemplateException.of("'" + Values.typeName(target) + "' object has no slices");
        }
        if (target instanceof String text) {
            int[] points = text.codePoints().toArray();
            StringBuilder out = new StringBuilder();
            positions(points.length, start, stop, step, i -> out.appendCodePoint(points[i]));
            return out.toString();
        }
        List<Object> items = Values.iterate(target);
        List<Object> part = new ArrayList<>();
        positions(items.size(), start, stop, step, i -> part.add(items.get(i)));
        if (target instanceof Tuple) {
            return new Tuple(part);
        }
        return isRange ? new Sequence("range", List.copyOf(part), true) : part;
    }

    private static void positions(long size, Object start, Object stop, Object step, IntConsumer each) {
        long by = bound(step, 1);
        if (by == 0) {
            throw TemplateException.of("slice step cannot be zero");
        }
        long low = by > 0 ? 0 : -1;
        long high = by > 0 ? size : size - 1;
        long from = start == None.NONE ? by > 0 ? low : high : within(bound(start, 0), size, low, high);
        long to = stop == None.NONE ? by > 0 ? high : low : within(bound(stop, 0), size, low, high);
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            each.accept((int) i);
        }
    }

    private static long within(long bound, long size, long low, long high) {
        return Math.max(low, Math.min(high, bound < 0 ? bound + size : bound));
    }

    /** A bound, cut to what no list is longer than. */
    private static long bound(Object value, long otherwise) {
        if (value == None.NONE) {
            return otherwise;
        }
        if (Values.number(value) instanceof Long number) {
            return Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, number));
        }
        throw TemplateException.of("slice indices must be integers, not '" + Values.typeName(value) + "'");
    }
}
