package dev.flipside.text.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A template that can be rendered any number of times, by any number of threads.
 *
 * <p>Templates are untrusted: they reach nothing but what they are handed, cannot change it, and their output, lists,
 * steps and depth are bounded.
 */
public final class Template {
    /** Characters of a source; the longest public one has less than a hundredth. */
    private static final int MAX_SOURCE = 4_000_000;

    /** The most numbers in a range, as in Jinja's sandbox. */
    private static final int MAX_RANGE = 100_000;

    private final List<Statement> body;
    private final Set<String> names;

    Template(List<Statement> body, Set<String> names) {
        this.body = body;
        this.names = Set.copyOf(names);
    }

    /** @throws TemplateException when the source is not Jinja, or uses a tag that is not supported */
    public static Template parse(String source) {
        if (source.length() > MAX_SOURCE) {
            throw TemplateException.of("it has more than " + MAX_SOURCE + " characters");
        }
        try {
            return Parser.parse(source);
        } catch (StackOverflowError e) {
            throw TemplateException.of("it is nested too deeply");
        }
    }

    /** The names of the variables and functions that occur in it. */
    public Set<String> names() {
        return names;
    }

    /**
     * The text of this template.
     *
     * @param variables by name: null, texts, whole numbers, doubles, truth values, and lists and maps of these
     * @param now what {@code strftime_now} answers to a format; nothing when the format is not supported
     * @throws TemplateException when the template refuses the variables with {@code raise_exception}, or cannot be
     *     rendered
     */
    public String render(Map<String, Object> variables, Function<String, Optional<String>> now) {
        Map<String, Object> names = new HashMap<>(functions(now));
        variables.forEach((name, value) -> names.put(name, Values.imported(value)));
        try {
            return Statement.textOf(body, Frame.outermost(names).inner());
        } catch (StackOverflowError e) {
            throw TemplateException.of("it is nested too deeply");
        }
    }

    private static Map<String, Object> functions(Function<String, Optional<String>> now) {
        return Map.of(
                "raise_exception",
                        (Callable) arguments -> {
                            throw TemplateException.refusal(Show.str(arguments
                                    .bind("raise_exception", 1, "message")
                                    .get("message")));
                        },
                "strftime_now",
                        (Callable) arguments -> {
                            String format =
                                    arguments.bind("strftime_now", 1, "format").text("format");
                            return now.apply(format)
                                    .orElseThrow(() -> TemplateException.of(
                                            "strftime_now('" + format + "') has a code that is not supported"));
                        },
                "range", (Callable) Template::range,
                "dict", (Callable) arguments -> new LinkedHashMap<>(entries("dict", arguments)),
                "namespace",
                        (Callable) arguments -> {
                            Namespace namespace = new Namespace();
                            entries("namespace", arguments)
                                    .forEach((name, value) -> namespace.set(Show.str(name), value));
                            return namespace;
                        });
    }

    private static Map<Object, Object> entries(String function, Arguments arguments) {
        List<Object> first = arguments.positional();
        boolean isDict = first.size() == 1 && first.get(0) instanceof Map;
        if (!first.isEmpty() && !isDict) {
            throw TemplateException.of(function + " takes a dict and named arguments only");
        }
        Map<Object, Object> entries = new LinkedHashMap<>(isDict ? (Map<?, ?>) first.get(0) : Map.of());
        entries.putAll(arguments.named());
        return entries;
    }

    private static Object range(Arguments arguments) {
        Arguments.Bound bound = arguments.bind("range", 1, "start", "stop", "step");
        boolean hasStop = bound.has("stop");
        long start = hasStop ? bound.integer("start", 0) : 0;
        long stop = bound.integer(hasStop ? "stop" : "start", 0);
        long step = bound.integer("step", 1);
        if (step == 0) {
            throw TemplateException.of("range needs a step that is not zero");
        }
        List<Object> numbers = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            if (numbers.size() == MAX_RANGE) {
                throw TemplateException.of("a range has more than " + MAX_RANGE + " numbers");
            }
            numbers.add(i);
        }
        return new Sequence("range", List.copyOf(numbers), true);
    }
}
