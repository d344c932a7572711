package dev.flipside.text.jinja;

import java.util.List;

/** What a value is assigned to. */
sealed interface Target {
    void assign(Frame frame, Object value);

    /** A name. */
    record Variable(String name) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            frame.set(name, value);
        }
    }

    /** {@code name.attribute} of a namespace. */
    record NamespaceAttribute(String name, String attribute) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            if (!(frame.get(name) instanceof Namespace namespace)) {
                throw TemplateException.of("'" + name + "." + attribute
                        + "' cannot be set: only attributes of a namespace can, and '" + name + "' is none");
            }
            namespace.set(attribute, value);
        }
    }

    /** {@code a, b}: as many values as names. */
    record Several(List<Target> targets) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            List<Object> items = Values.iterate(value);
            if (items.size() != targets.size()) {
                throw TemplateException.of(
                        items.size() + " value(s) cannot be unpacked into " + targets.size() + " names");
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(frame, items.get(i));
            }
        }
    }
}
