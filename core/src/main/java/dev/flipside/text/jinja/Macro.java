package dev.flipside.text.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A macro and the names around it. */
final class Macro implements Callable {
    static final String CALLER = "caller";

    private final Definition definition;
    private final Frame home;

    Macro(Definition definition, Frame home) {
        this.definition = definition;
        this.home = home;
    }

    /**
     * What a template says of a macro.
     *
     * @param defaults for the last parameters
     * @param namesRead in the body: it takes {@code caller}, {@code varargs} and {@code kwargs} only if it reads them
     */
    record Definition(
            String name,
            List<String> parameters,
            List<Expression> defaults,
            List<Statement> body,
            Set<String> namesRead) {}

    @Override
    public Object call(Arguments arguments) {
        Frame frame = home.inner();
        bind(frame, arguments);
        frame.budget().enter();
        String text = Statement.textOf(definition.body(), frame);
        frame.budget().leave();
        return text;
    }

    private void bind(Frame frame, Arguments arguments) {
        List<String> parameters = definition.parameters();
        List<Object> positional = arguments.positional();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        int firstDefault = parameters.size() - definition.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            boolean isNamed = named.containsKey(parameter);
            if (i < positional.size() && isNamed) {
                throw wrong("got two values for '" + parameter + "'");
            }
            Object value = i < positional.size()
                    ? positional.get(i)
                    : isNamed
                            ? named.remove(parameter)
                            : i >= firstDefault
                                    ? definition
                                            .defaults()
                                            .get(i - firstDefault)
                                            .value(frame)
                                    : new Undefined("parameter '" + parameter + "' was not provided");
            frame.set(parameter, value);
        }
        bindRest(frame, positional.subList(Math.min(parameters.size(), positional.size()), positional.size()), named);
    }

    private void bindRest(Frame frame, List<Object> more, Map<String, Object> named) {
        Set<String> read = definition.namesRead();
        if (read.contains(CALLER) && !definition.parameters().contains(CALLER)) {
            Object caller = named.remove(CALLER);
            frame.set(CALLER, caller == null ? new Undefined("No caller defined") : caller);
        }
        if (read.contains("varargs")) {
            frame.set("varargs", new Tuple(more));
        } else if (!more.isEmpty()) {
            throw wrong("takes not more than " + definition.parameters().size() + " argument(s)");
        }
        if (read.contains("kwargs")) {
            frame.set("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw wrong("takes no argument '" + named.keySet().iterator().next() + "'");
        }
    }

    private TemplateException wrong(String what) {
        return TemplateException.of("macro '" + definition.name() + "' " + what);
    }
}
