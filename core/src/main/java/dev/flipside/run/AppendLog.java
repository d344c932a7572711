package dev.flipside.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A JSON Lines file: one object per line, each handed to the operating system as it is appended, so that a killed
 * process loses no whole line.
 *
 * <p>Record components become snake_case keys. NaN and the infinities are written as {@code null}, because JSON has no
 * number for them and most readers refuse the tokens that some writers use.
 */
public final class AppendLog implements AutoCloseable {
    private final AppendFile file;

    private AppendLog(AppendFile file) {
        this.file = file;
    }

    /** Opens the file at its end; creates it and its folder when they are not there. */
    public static AppendLog open(Path path) {
        return new AppendLog(AppendFile.open(path));
    }

    /** Cut to its first {@code length} bytes, with a hash that grows with it; created when it is not there. */
    static AppendLog hashed(Path path, long length) {
        return new AppendLog(AppendFile.hashed(path, length));
    }

    /**
     * Opens the file behind its last whole line; what follows was being written when a process died, and is forgotten.
     */
    public static AppendLog resume(Path path) throws IOException {
        int whole = Files.exists(path) ? wholeLength(Files.readAllBytes(path)) : 0;
        AppendLog log = open(path);
        log.truncateTo(whole);
        return log;
    }

    /** The lines that {@link #resume} keeps; none where there is no file. */
    public static List<String> wholeLines(Path path) throws IOException {
        byte[] bytes = Files.exists(path) ? Files.readAllBytes(path) : new byte[0];
        return new String(bytes, 0, wholeLength(bytes), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static int wholeLength(byte[] bytes) {
        int whole = bytes.length;
        while (whole > 0 && bytes[whole - 1] != '\n') {
            whole--;
        }
        return whole;
    }

    /** Appends {@code value} (a record, a map) as one line. */
    public void append(Object value) {
        file.append((Json.line(value) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** The length of the file in bytes: where the next line will begin. */
    public long position() {
        return file.position();
    }

    /** SHA-256 of everything in a log that was opened with {@link #hashed}. */
    String sha256() {
        return file.sha256();
    }

    /**
     * Forgets everything after the first {@code position} bytes.
     *
     * @throws dev.flipside.config.UserError when the file is shorter than that
     */
    public void truncateTo(long position) {
        file.truncateTo(position);
    }

    /** Returns when everything appended so far is on the disk. */
    public void sync() {
        file.sync();
    }

    @Override
    public void close() {
        file.close();
    }
}
