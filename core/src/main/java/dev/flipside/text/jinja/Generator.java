package dev.flipside.text.jinja;

import java.util.List;

/**
 * What {@code map}, {@code select} and their like give: true whatever it holds, without a length, and empty once it has
 * been read.
 */
final class Generator {
    private final String type;
    private List<Object> items;

    Generator(String type, List<Object> items) {
        this.type = type;
        this.items = items;
    }

    String type() {
        return type;
    }

    /** What has not been read yet, which stays. */
    List<Object> left() {
        return items;
    }

    List<Object> drain() {
        List<Object> all = items;
        items = List.of();
        return all;
    }

    /** The next element, taken away; the whole when there is none is an empty list. */
    List<Object> next() {
        if (items.isEmpty()) {
            return items;
        }
        List<Object> first = items.subList(0, 1);
        items = items.subList(1, items.size());
        return first;
    }
}
