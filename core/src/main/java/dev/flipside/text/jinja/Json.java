package dev.flipside.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code tojson} as transformers defines it: Python's {@code json.dumps} that leaves HTML and other scripts as they
 * are.
 */
final class Json {
    private final boolean ascii;
    private final boolean sorted;
    private final String indent;
    private final String between;
    private final String colon;
    private final StringBuilder out = new StringBuilder();

    private Json(Arguments.Bound options) {
        Object width = options.get("indent", None.NONE);
        Object separators = options.get("separators", None.NONE);
        this.ascii = options.truth("ensure_ascii");
        this.sorted = options.truth("sort_keys");
        if (width instanceof Long spaces) {
            Arithmetic.requireLength(spaces);
        }
        this.indent = width == None.NONE
                ? ""
                : width instanceof String text
                        ? "\n" + text
                        : "\n" + " ".repeat(Math.max(0, options.integer("indent", 0)));
        if (separators == None.NONE) {
            this.between = indent.isEmpty() ? ", " : ",";
            this.colon = ": ";
        } else {
            List<Object> two = Values.iterate(separators);
            if (two.size() != 2 || !two.stream().allMatch(String.class::isInstance)) {
                throw TemplateException.of("tojson needs two texts for 'separators'");
            }
            this.between = (String) two.get(0);
            this.colon = (String) two.get(1);
        }
    }

    static String of(Object value, Arguments arguments) {
        Json json = new Json(arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"));
        json.write(value, "");
        Arithmetic.requireLength(json.out.length());
        return json.out.toString();
    }

    private void write(Object value, String margin) {
        Arithmetic.requireLength((long) out.length() + margin.length());
        if (value instanceof String text) {
            quoted(text);
        } else if (value instanceof Boolean || value instanceof Long) {
            out.append(value);
        } else if (value == None.NONE) {
            out.append("null");
        } else if (value instanceof Double number && Double.isFinite(number)) {
            out.append(Show.decimal(number));
        } else if (value instanceof List || value instanceof Tuple) {
            list(Values.iterate(value), margin);
        } else if (value instanceof Map<?, ?> map) {
            dict(map, margin);
        } else {
            throw TemplateException.of("a value of type '" + Values.typeName(value) + "' cannot be written as JSON");
        }
    }

    private void list(List<Object> items, String margin) {
        String inner = indent.isEmpty() ? "" : margin + indent.substring(1);
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            begin(i, inner);
            write(items.get(i), inner);
        }
        end(items.isEmpty(), margin, ']');
    }

    private void dict(Map<?, ?> map, String margin) {
        String inner = indent.isEmpty() ? "" : margin + indent.substring(1);
        Map<?, ?> ordered = sorted ? inOrder(map) : map;
        out.append('{');
        int i = 0;
        for (Map.Entry<?, ?> entry : ordered.entrySet()) {
            begin(i++, inner);
            Object key = entry.getKey();
            quoted(key == None.NONE ? "null" : Show.str(key));
            out.append(colon);
            write(entry.getValue(), inner);
        }
        end(map.isEmpty(), margin, '}');
    }

    private static Map<?, ?> inOrder(Map<?, ?> map) {
        TreeMap<Object, Object> ordered = new TreeMap<>((a, b) -> Values.order("<", a, b));
        ordered.putAll(map);
        return ordered;
    }

    private void begin(int index, String margin) {
        out.append(index > 0 ? between : "");
        newLine(margin);
    }

    private void end(boolean empty, String margin, char bracket) {
        if (!empty) {
            newLine(margin);
        }
        out.append(bracket);
    }

    private void newLine(String margin) {
        if (!indent.isEmpty()) {
            out.append('\n').append(margin);
        }
    }

    private void quoted(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int escape = "\"\\\n\r\t\b\f".indexOf(c);
            if (escape >= 0) {
                out.append('\\').append("\"\\nrtbf".charAt(escape));
            } else if (c < 0x20 || ascii && c > 0x7e) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
