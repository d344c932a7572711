package dev.flipside.cli.dashboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The whole lines of a file from its end to its beginning, in bounded memory. */
final class BackwardLines implements AutoCloseable {
    private static final int CHUNK = 1 << 18;

    /** Longer lines are passed over. */
    private static final int LONGEST = 4 << 20;

    /**
     * A line and where it begins.
     *
     * @param text empty for one that is too long
     */
    record Line(long start, Optional<String> text) {}

    private final FileChannel file;
    private long bufferStart;
    private byte[] buffer = new byte[0];
    private long end;

    private BackwardLines(FileChannel file, long end) {
        this.file = file;
        this.end = end;
        this.bufferStart = end;
    }

    /** @param before only lines that begin before this byte; what follows the last whole line before it is left out */
    static BackwardLines open(Path path, long before) throws IOException {
        FileChannel channel = FileChannel.open(path);
        BackwardLines lines = new BackwardLines(channel, Math.min(before, channel.size()));
        lines.skipTorn();
        return lines;
    }

    private void skipTorn() throws IOException {
        while (end > 0 && at(end - 1) != '\n') {
            end--;
        }
    }

    /** The line before those that were read; empty at the beginning of the file. */
    Optional<Line> next() throws IOException {
        if (end == 0) {
            return Optional.empty();
        }
        long start = end - 1;
        while (start > 0 && at(start - 1) != '\n') {
            start--;
        }
        Optional<String> text = Optional.empty();
        if (end - start <= LONGEST) {
            ByteBuffer bytes = ByteBuffer.allocate((int) (end - 1 - start));
            fill(bytes, start);
            text = Optional.of(new String(bytes.array(), StandardCharsets.UTF_8));
        }
        end = start;
        return Optional.of(new Line(start, text));
    }

    private byte at(long place) throws IOException {
        if (place < bufferStart || place >= bufferStart + buffer.length) {
            bufferStart = Math.max(0, place + 1 - CHUNK);
            ByteBuffer bytes = ByteBuffer.allocate((int) (place + 1 - bufferStart));
            fill(bytes, bufferStart);
            buffer = Arrays.copyOf(bytes.array(), bytes.position());
            if (buffer.length <= place - bufferStart) {
                throw new IOException("the file was cut while it was read");
            }
        }
        return buffer[(int) (place - bufferStart)];
    }

    private void fill(ByteBuffer bytes, long from) throws IOException {
        int n = file.read(bytes, from);
        while (n > 0 && bytes.hasRemaining()) {
            n = file.read(bytes, from + bytes.position());
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
