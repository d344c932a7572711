package dev.flipside.text.jinja;

import java.util.List;

/**
 * A range, or the keys, values or items of a dict.
 *
 * @param type Python's name of the type
 * @param items its elements
 * @param indexed whether {@code [0]} reads an element, as in a range
 */
record Sequence(String type, List<Object> items, boolean indexed) {}
