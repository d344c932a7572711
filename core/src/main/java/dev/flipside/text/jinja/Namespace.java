package dev.flipside.text.jinja;

import java.util.HashMap;
import java.util.Map;

/** What {@code namespace(...)} makes: the one value a template may change. */
final class Namespace {
    private final Map<String, Object> attributes = new HashMap<>();

    Object get(String name) {
        Object value = attributes.get(name);
        return value == null ? new Undefined("'Namespace object' has no attribute '" + name + "'") : value;
    }

    void set(String name, Object value) {
        attributes.put(name, value);
    }
}
