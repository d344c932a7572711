package dev.flipside.text.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Python's rules for types, truth, equality, order, iteration and membership. */
final class Values {
    private Values() {}

    /**
     * A Java value as templates see it.
     *
     * @throws IllegalArgumentException when it is of a type that templates have no value for
     */
    static Object imported(Object value) {
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof Integer number) {
            return number.longValue();
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            list.forEach(item -> items.add(imported(item)));
            return items;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> dict = new LinkedHashMap<>();
            map.forEach((key, item) -> dict.put(imported(key), imported(item)));
            return dict;
        }
        if (value instanceof String
                || value instanceof Boolean
                || value instanceof Long
                || value instanceof Double
                || value instanceof Callable) {
            return value;
        }
        if (value instanceof BigInteger number) {
            throw TemplateException.of("the number " + number + " has more than 64 bits, which is not supported");
        }
        throw new IllegalArgumentException(
                "a template has no value for a " + value.getClass().getSimpleName());
    }

    /** Python's name of a value's type. */
    static String typeName(Object value) {
        if (value instanceof String) {
            return "str";
        } else if (value instanceof Boolean) {
            return "bool";
        } else if (value instanceof Long) {
            return "int";
        } else if (value instanceof Double) {
            return "float";
        } else if (value instanceof List) {
            return "list";
        } else if (value instanceof Map) {
            return "dict";
        } else if (value instanceof Tuple) {
            return "tuple";
        } else if (value == None.NONE) {
            return "NoneType";
        } else if (value instanceof Sequence sequence) {
            return sequence.type();
        } else if (value instanceof Generator generator) {
            return generator.type();
        } else if (value instanceof Loop) {
            return "LoopContext";
        }
        return value instanceof Callable ? "function" : value.getClass().getSimpleName();
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean truth) {
            return truth;
        } else if (value instanceof String text) {
            return !text.isEmpty();
        } else if (value instanceof Long number) {
            return number != 0;
        } else if (value instanceof Double number) {
            return number != 0;
        } else if (value instanceof List<?> list) {
            return !list.isEmpty();
        } else if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        } else if (value instanceof Tuple tuple) {
            return !tuple.items().isEmpty();
        } else if (value instanceof Sequence sequence) {
            return !sequence.items().isEmpty();
        }
        return value != None.NONE && !(value instanceof Undefined);
    }

    /** The value of a number or a truth value; null for anything else. */
    static Number number(Object value) {
        if (value instanceof Boolean truth) {
            return truth ? 1L : 0L;
        }
        return value instanceof Number number ? number : null;
    }

    static boolean equal(Object left, Object right) {
        Number a = number(left);
        Number b = number(right);
        if (a != null && b != null) {
            return order(a, b) == 0;
        } else if (left instanceof List<?> one && right instanceof List<?> other) {
            return equalItems(one, other);
        } else if (left instanceof Tuple one && right instanceof Tuple other) {
            return equalItems(one.items(), other.items());
        } else if (left instanceof Map<?, ?> one && right instanceof Map<?, ?> other) {
            return one.keySet().equals(other.keySet())
                    && one.keySet().stream().allMatch(key -> equal(one.get(key), other.get(key)));
        } else if (left instanceof Sequence one && right instanceof Sequence other) {
            return one == other || one.indexed() && other.indexed() && equalItems(one.items(), other.items());
        }
        return left instanceof Undefined && right instanceof Undefined || left.equals(right);
    }

    private static boolean equalItems(List<?> one, List<?> other) {
        boolean equal = one.size() == other.size();
        for (int i = 0; equal && i < one.size(); i++) {
            equal = equal(one.get(i), other.get(i));
        }
        return equal;
    }

    private static int order(Number a, Number b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        double x = a.doubleValue();
        double y = b.doubleValue();
        boolean finite = Double.isFinite(x) && Double.isFinite(y);
        return finite ? exact(a).compareTo(exact(b)) : x == y ? 0 : x < y ? -1 : 1;
    }

    private static BigDecimal exact(Number number) {
        return number instanceof Long whole ? BigDecimal.valueOf(whole) : new BigDecimal(number.doubleValue());
    }

    /** The order of two values, negative, zero or positive. */
    static int order(String operator, Object left, Object right) {
        if (left instanceof Undefined undefined) {
            throw undefined.used();
        } else if (right instanceof Undefined undefined) {
            throw undefined.used();
        }
        Number a = number(left);
        Number b = number(right);
        if (a != null && b != null) {
            return order(a, b);
        } else if (left instanceof String one && right instanceof String other) {
            return orderOfCodePoints(one, other);
        } else if (left instanceof List<?> one && right instanceof List<?> other) {
            return orderOfItems(operator, one, other);
        } else if (left instanceof Tuple one && right instanceof Tuple other) {
            return orderOfItems(operator, one.items(), other.items());
        }
        throw TemplateException.of(
                "'" + operator + "' not supported between '" + typeName(left) + "' and '" + typeName(right) + "'");
    }

    private static int orderOfCodePoints(String one, String other) {
        int same = 0;
        while (same < one.length() && same < other.length() && one.charAt(same) == other.charAt(same)) {
            same++;
        }
        if (same == one.length() || same == other.length()) {
            return Integer.compare(one.length(), other.length());
        }
        // Two halves of a pair order as the characters they begin, which stand above all others.
        boolean pairs = Character.isSurrogate(one.charAt(same)) != Character.isSurrogate(other.charAt(same));
        return pairs
                ? Character.isSurrogate(one.charAt(same)) ? 1 : -1
                : Character.compare(one.charAt(same), other.charAt(same));
    }

    private static int orderOfItems(String operator, List<?> one, List<?> other) {
        for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
            if (!equal(one.get(i), other.get(i))) {
                return order(operator, one.get(i), other.get(i));
            }
        }
        return Integer.compare(one.size(), other.size());
    }

    /** Whether {@code left operator right} holds. */
    static boolean compares(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            case "<" -> order(operator, left, right) < 0;
            case "<=" -> order(operator, left, right) <= 0;
            case ">" -> order(operator, left, right) > 0;
            case ">=" -> order(operator, left, right) >= 0;
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static boolean contains(Object container, Object item) {
        if (container instanceof String text) {
            if (item instanceof String part) {
                return text.contains(part);
            }
            throw TemplateException.of("'in' a string needs a string on its left, not '" + typeName(item) + "'");
        }
        if (container instanceof Map<?, ?> map) {
            return map.containsKey(key(item));
        }
        return iterate(container).stream().anyMatch(one -> equal(one, item));
    }

    /** A value as a key to look up: numbers that are equal are one key. */
    static Object key(Object value) {
        if (value instanceof List || value instanceof Map) {
            throw TemplateException.of("unhashable type: '" + typeName(value) + "'");
        }
        if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 53) {
            return number.longValue();
        }
        return value instanceof Boolean truth ? truth ? 1L : 0L : value;
    }

    /** A value as a key of a new dict. */
    static Object newKey(Object value) {
        if (value instanceof String || value instanceof Long || value == None.NONE) {
            return value;
        }
        throw TemplateException.of("a dict key of type '" + typeName(value) + "' is not supported");
    }

    /** The elements of a value, each character of a string. */
    static List<Object> iterate(Object value) {
        if (value instanceof List<?> list) {
            return List.copyOf(list);
        } else if (value instanceof String text) {
            return Text.characters(text);
        } else if (value instanceof Map<?, ?> map) {
            return List.copyOf(map.keySet());
        } else if (value instanceof Tuple tuple) {
            return tuple.items();
        } else if (value instanceof Sequence sequence) {
            return sequence.items();
        } else if (value instanceof Generator generator) {
            return generator.drain();
        } else if (value instanceof Undefined) {
            return List.of();
        }
        throw TemplateException.of("'" + typeName(value) + "' object is not iterable");
    }

    static boolean isIterable(Object value) {
        return value instanceof List
                || value instanceof String
                || value instanceof Map
                || value instanceof Tuple
                || value instanceof Sequence
                || value instanceof Generator
                || value instanceof Undefined;
    }

    static long length(Object value) {
        if (value instanceof String text) {
            return Text.length(text);
        }
        if (value instanceof Generator || !isIterable(value)) {
            throw TemplateException.of("object of type '" + typeName(value) + "' has no len()");
        }
        return iterate(value).size();
    }
}
