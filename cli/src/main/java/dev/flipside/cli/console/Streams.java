package dev.flipside.cli.console;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/**
 * Where a command reads and writes.
 *
 * @param columns the width of the terminal that {@code err} is, 0 when it is none
 * @param environment variables by name
 * @param typed whether {@code in} is a terminal, at which a person types
 */
public record Streams(
        InputStream in,
        OutputStream out,
        OutputStream err,
        int columns,
        Map<String, String> environment,
        boolean typed) {
    /** With input that nobody types. */
    public Streams(InputStream in, OutputStream out, OutputStream err, int columns, Map<String, String> environment) {
        this(in, out, err, columns, environment, false);
    }

    /** With this process's environment. */
    public Streams(InputStream in, OutputStream out, OutputStream err, int columns) {
        this(in, out, err, columns, System.getenv());
    }
}
