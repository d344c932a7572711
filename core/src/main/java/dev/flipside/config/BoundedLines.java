package dev.flipside.config;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * A reader of UTF-8 text whose lines have a bound: a small compressed file can hold a line that no memory can. Bytes
 * that are not UTF-8 are an error.
 */
public final class BoundedLines extends BufferedReader {
    /** Characters. */
    private static final int MAX_LINE = 50_000_000;

    private boolean skipLineFeed;

    public BoundedLines(InputStream bytes) {
        super(new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()));
    }

    /**
     * The next line without its end, null behind the last one.
     *
     * @throws IOException when it has more than fifty million characters
     */
    @Override
    public String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        int c = read();
        if (skipLineFeed && c == '\n') {
            c = read();
        }
        skipLineFeed = false;
        if (c < 0) {
            return null;
        }
        while (c >= 0 && c != '\n' && c != '\r') {
            if (line.length() == MAX_LINE) {
                throw new IOException("a line has more than " + MAX_LINE + " characters");
            }
            line.append((char) c);
            c = read();
        }
        skipLineFeed = c == '\r';
        return line.toString();
    }
}
