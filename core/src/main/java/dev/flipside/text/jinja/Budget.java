package dev.flipside.text.jinja;

import java.util.List;
import java.util.Map;

/**
 * What one rendering may cost: templates are untrusted. Work is counted in steps of some ten nanoseconds: a statement,
 * a name, an element that is looked at, sixteen characters. What is built is counted in characters, whether it is kept
 * or not. A real template uses less than a thousandth of either.
 */
final class Budget {
    private static final long STEPS = 30_000_000;
    private static final long CHARACTERS = 1L << 28;
    private static final int DEPTH = 200;
    /** Characters that an element of a list takes in memory, about. */
    private static final int ELEMENT = 32;

    private long steps = STEPS;
    private long characters = CHARACTERS;
    private int depth;

    void step() {
        work(1);
    }

    void work(long more) {
        steps -= more;
        if (steps < 0) {
            throw TemplateException.of("the template takes more than " + STEPS + " steps");
        }
    }

    void enter() {
        if (++depth > DEPTH) {
            throw TemplateException.of("macros call each other more than " + DEPTH + " deep");
        }
    }

    void leave() {
        depth--;
    }

    /** Counts a value that was just made, without what is inside its elements; gives it back. */
    Object built(Object value) {
        if (value instanceof String text) {
            work(text.length() >> 4);
            take(text.length());
        } else if (value instanceof List || value instanceof Map || value instanceof Tuple || isRead(value)) {
            int size = size(value);
            work(size);
            take((long) size * ELEMENT);
        }
        return value;
    }

    private void take(long more) {
        characters -= more;
        if (characters < 0) {
            throw TemplateException.of("the template makes more than " + CHARACTERS + " characters of text and lists");
        }
    }

    /** Counts a search, which in the worst case compares the whole part at every character. */
    void search(String text, String part) {
        work(1 + (text.length() >> 4) + ((long) text.length() * part.length() >> 7));
    }

    /** Counts a look at the elements of a value, not at what is inside them. */
    void look(Object value) {
        work(1 + (value instanceof String text ? text.length() >> 4 : size(value) >> 2));
    }

    /**
     * Counts a walk through a value and all that is inside it, as often as it is there: a list may hold another many
     * times.
     */
    void walk(Object value) {
        if (value instanceof String text) {
            work(1 + (text.length() >> 4));
        } else if (value instanceof Map<?, ?> map) {
            work(1);
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                walk(entry.getKey());
                walk(entry.getValue());
            }
        } else {
            work(1);
            for (Object item : items(value)) {
                walk(item);
            }
        }
    }

    /** Counts the comparison of two values, or the search of one in the other. */
    void compare(String operator, Object left, Object right) {
        boolean in = operator.endsWith("in");
        if (in && right instanceof String text && left instanceof String part) {
            search(text, part);
        } else if (in) {
            look(right);
            if (isContainer(left)) {
                walk(left);
                walk(right);
            }
        } else if (isContainer(left) && isContainer(right)) {
            walk(left);
            walk(right);
        } else if (left instanceof String one && right instanceof String other) {
            work(1 + (Math.min(one.length(), other.length()) >> 4));
        } else {
            work(1);
        }
    }

    private static boolean isContainer(Object value) {
        return value instanceof List || value instanceof Map || value instanceof Tuple || isRead(value);
    }

    private static boolean isRead(Object value) {
        return value instanceof Sequence || value instanceof Generator;
    }

    private static int size(Object value) {
        return value instanceof Map<?, ?> map ? map.size() : items(value).size();
    }

    private static List<?> items(Object value) {
        if (value instanceof List<?> list) {
            return list;
        } else if (value instanceof Tuple tuple) {
            return tuple.items();
        } else if (value instanceof Sequence sequence) {
            return sequence.items();
        }
        return value instanceof Generator generator ? generator.left() : List.of();
    }
}
