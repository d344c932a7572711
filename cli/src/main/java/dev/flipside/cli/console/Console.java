package dev.flipside.cli.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.run.FiniteNumbers;
import java.io.PrintWriter;
import java.util.Map;
import java.util.function.Supplier;

/** Results on standard output, as text or as one JSON object; progress and messages on standard error. */
public final class Console {
    private static final ObjectMapper JSON =
            JsonMapper.builder().addModule(new FiniteNumbers()).build();
    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean json;
    private final boolean quiet;
    private final int columns;
    private final boolean typed;

    public Console(Streams streams, boolean json, boolean quiet) {
        this.out = Text.writer(streams.out());
        this.err = Text.writer(streams.err());
        this.json = json;
        this.quiet = quiet;
        this.columns = streams.columns();
        this.typed = streams.typed();
    }

    /** Whether a person types the input. */
    public boolean typed() {
        return typed;
    }

    public boolean json() {
        return json;
    }

    /** Prints the command's result: {@code object} with {@code --json}, else {@code text}. */
    public void result(Supplier<String> text, Map<String, ?> object) {
        try {
            out.println(json ? JSON.writeValueAsString(object) : text.get().stripTrailing());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result that is no JSON", e);
        }
    }

    /** A line of a result that comes bit by bit; not with {@code --json}, which prints one object at the end. */
    public void line(String line) {
        if (!json) {
            out.println(line);
        }
    }

    /** A part of such a line, shown at once. */
    public void part(String text) {
        if (!json) {
            out.print(text);
            out.flush();
        }
    }

    /** Asks a person at a terminal for input. */
    public void prompt(String text) {
        if (typed && columns > 0 && !quiet) {
            err.print(text);
            err.flush();
        }
    }

    /** A line about what is going on; not with {@code --quiet}. */
    public void info(String line) {
        if (!quiet) {
            message(line);
        }
    }

    /** What somebody has asked for while the command runs, beside its result; also with {@code --quiet}. */
    public void reply(String lines) {
        message(lines);
    }

    /** A line that is shown even with {@code --quiet}. */
    public void warn(String line) {
        message("warning: " + line);
    }

    /**
     * Shows how far a long task is: a bar with an estimate of the time left on a terminal, now and then a line
     * elsewhere.
     */
    public Progress progress(String task, long total, String unit) {
        return progress(task, total, unit, 0);
    }

    /** @param from units that were done before and do not count for the estimate */
    public Progress progress(String task, long total, String unit, long from) {
        if (quiet) {
            return Progress.NONE;
        }
        return columns > 0
                ? new BarProgress(task, total, unit, err, columns, from)
                : new LineProgress(task, total, unit, err, from);
    }

    /**
     * A bar on a terminal and nothing elsewhere, for work that prints lines of its own.
     *
     * @param from units that were done before and do not count for the estimate
     */
    public Progress bar(String task, long total, String unit, long from) {
        return quiet || columns == 0 ? Progress.NONE : new BarProgress(task, total, unit, err, columns, from);
    }

    private void message(String line) {
        // A bar may stand on this line; it is drawn again at its next change.
        err.println(columns > 0 ? CLEAR_LINE + line : line);
    }
}
