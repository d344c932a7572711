package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The arguments of a call, a filter or a test.
 *
 * @param positional those without a name
 * @param named those with one, in order
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** Without the first positional arguments. */
    Arguments from(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), named);
    }

    Arguments with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(named);
        more.put(name, value);
        return new Arguments(positional, more);
    }

    /**
     * These arguments by the names of a function's parameters.
     *
     * @param function what an error calls it
     * @param required how many of the parameters must be given
     * @throws TemplateException when there are too many or too few, or a name is not a parameter's
     */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw TemplateException.of(function + " takes not more than " + parameters.length + " argument(s)");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            values.put(parameters[i], positional.get(i));
        }
        List<String> known = List.of(parameters);
        named.forEach((name, value) -> {
            if (!known.contains(name) || values.put(name, value) != null) {
                throw TemplateException.of(function + " does not take the argument '" + name + "' here");
            }
        });
        for (String parameter : known.subList(0, required)) {
            if (!values.containsKey(parameter)) {
                throw TemplateException.of(function + " needs the argument '" + parameter + "'");
            }
        }
        return new Bound(function, values);
    }

    /** No arguments at all. */
    void bindNothing(String function) {
        bind(function, 0);
    }

    List<Object> all() {
        List<Object> all = new ArrayList<>(positional);
        all.addAll(named.values());
        return all;
    }

    /** Arguments by parameter. */
    record Bound(String function, Map<String, Object> values) {
        boolean has(String name) {
            return values.containsKey(name);
        }

        Object get(String name) {
            return values.get(name);
        }

        Object get(String name, Object otherwise) {
            return values.getOrDefault(name, otherwise);
        }

        boolean truth(String name) {
            return values.containsKey(name) && Values.truth(values.get(name));
        }

        String text(String name) {
            if (values.get(name) instanceof String text) {
                return text;
            }
            throw wrong(name, "a text");
        }

        int integer(String name, int otherwise) {
            Object value = values.getOrDefault(name, (long) otherwise);
            if (value instanceof Long number && number == number.intValue()) {
                return number.intValue();
            }
            throw wrong(name, "a whole number");
        }

        private TemplateException wrong(String name, String wanted) {
            return TemplateException.of(function + " needs " + wanted + " for '" + name + "', not '"
                    + Values.typeName(values.get(name)) + "'");
        }
    }
}
