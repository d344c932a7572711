package dev.flipside.cli.dashboard;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The whole lines of a file that grows, each told once. A file that was cut back or written anew, as a resumed run does
 * with its own, is read from its beginning again.
 */
final class LineFollower {
    private static final int CHUNK = 1 << 20;

    /**
     * So much before the place that was read to must be as it was: a file that was cut and grew again differs there.
     */
    private static final int TAIL = 1_024;

    private final Path file;
    private long position;
    private byte[] tail = new byte[0];

    LineFollower(Path file) {
        this.file = file;
    }

    /**
     * Reads what has come since the last call; a line without its end waits for the next one.
     *
     * @param again told before the first line when the file is read from its beginning again
     * @param line told every whole line; not one of more than a megabyte
     * @return whether anything was told
     */
    boolean poll(Runnable again, Consumer<String> line) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            boolean restarted = position > 0 && !continues(channel);
            if (restarted) {
                restart(again);
            }
            return read(channel, line) || restarted;
        } catch (NoSuchFileException e) {
            boolean gone = position > 0;
            if (gone) {
                restart(again);
            }
            return gone;
        }
    }

    private void restart(Runnable again) {
        position = 0;
        tail = new byte[0];
        again.run();
    }

    private boolean continues(FileChannel channel) throws IOException {
        if (channel.size() < position) {
            return false;
        }
        ByteBuffer there = ByteBuffer.allocate(tail.length);
        fill(channel, there, position - tail.length);
        return Arrays.equals(there.array(), tail);
    }

    private boolean read(FileChannel channel, Consumer<String> line) throws IOException {
        long before = position;
        long from = position;
        boolean skipping = false;
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        int n = fill(channel, buffer.clear(), from);
        while (n > 0) {
            int start = 0;
            for (int i = 0; i < n; i++) {
                if (buffer.array()[i] == '\n') {
                    rest.write(buffer.array(), start, i - start);
                    if (!skipping) {
                        line.accept(rest.toString(StandardCharsets.UTF_8));
                    }
                    rest.reset();
                    skipping = false;
                    start = i + 1;
                    position = from + start;
                }
            }
            rest.write(buffer.array(), start, n - start);
            if (rest.size() > CHUNK) {
                skipping = true;
                rest.reset();
            }
            from += n;
            n = fill(channel, buffer.clear(), from);
        }
        if (position > before) {
            remember(channel);
        }
        return position > before;
    }

    private void remember(FileChannel channel) throws IOException {
        ByteBuffer end = ByteBuffer.allocate((int) Math.min(TAIL, position));
        fill(channel, end, position - end.capacity());
        tail = end.array();
    }

    private static int fill(FileChannel channel, ByteBuffer buffer, long from) throws IOException {
        int n = channel.read(buffer, from);
        while (n > 0 && buffer.hasRemaining()) {
            n = channel.read(buffer, from + buffer.position());
        }
        return buffer.position();
    }
}
