package dev.flipside.text.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The names that are known at a point of a template. A loop, a macro and most blocks run in a frame of their own, so
 * what they {@code set} ends with them, as in Jinja; {@code if} does not.
 */
final class Frame {
    /**
     * What Jinja2 defines and is not supported here: an error when read, since an undefined name would be empty text.
     */
    private static final Set<String> UNSUPPORTED = Set.of("lipsum", "cycler", "joiner");

    private final Optional<Frame> parent;
    private final Budget budget;
    private final Map<String, Object> names = new HashMap<>();

    private Frame(Optional<Frame> parent, Budget budget) {
        this.parent = parent;
        this.budget = budget;
    }

    static Frame outermost(Map<String, Object> variables) {
        Frame frame = new Frame(Optional.empty(), new Budget());
        frame.names.putAll(variables);
        return frame;
    }

    Frame inner() {
        return new Frame(Optional.of(this), budget);
    }

    Budget budget() {
        return budget;
    }

    void set(String name, Object value) {
        names.put(name, value);
    }

    Object get(String name) {
        for (Frame frame = this; frame != null; frame = frame.parent.orElse(null)) {
            Object value = frame.names.get(name);
            if (value != null) {
                return value;
            }
        }
        if (UNSUPPORTED.contains(name)) {
            throw TemplateException.of("the function '" + name + "' is not supported");
        }
        return Undefined.name(name);
    }
}
