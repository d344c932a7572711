package dev.flipside.text.jinja;

import java.util.List;
import java.util.Optional;

/** The variable {@code loop} of a {@code for}. */
final class Loop {
    private final List<Object> items;
    private int index = -1;
    private Optional<List<Object>> lastChange = Optional.empty();

    Loop(List<Object> items) {
        this.items = items;
    }

    boolean advance() {
        return ++index < items.size();
    }

    Object current() {
        return items.get(index);
    }

    Object attribute(String name) {
        int size = items.size();
        return switch (name) {
            case "index" -> (long) index + 1;
            case "index0" -> (long) index;
            case "revindex" -> (long) size - index;
            case "revindex0" -> (long) size - index - 1;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> (long) size;
            case "previtem" -> index == 0 ? new Undefined("there is no previous item") : items.get(index - 1);
            case "nextitem" -> index == size - 1 ? new Undefined("there is no next item") : items.get(index + 1);
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            case "depth", "depth0" -> throw TemplateException.of("'loop." + name + "' is not supported");
            default -> new Undefined("'LoopContext object' has no attribute '" + name + "'");
        };
    }

    private Object cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw TemplateException.of("loop.cycle needs at least one value");
        }
        return arguments.positional().get(index % arguments.positional().size());
    }

    private Object changed(Arguments arguments) {
        boolean changed = lastChange.isEmpty() || !Values.equal(lastChange.orElseThrow(), arguments.positional());
        lastChange = Optional.of(arguments.positional());
        return changed;
    }
}
