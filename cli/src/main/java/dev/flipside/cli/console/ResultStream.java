package dev.flipside.cli.console;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where results go: its failures cannot be overlooked. Print writers and print streams keep an {@link IOException} to
 * themselves, so this stream throws an {@link OutputException} instead, once, and takes nothing more.
 */
public final class ResultStream extends OutputStream {
    private static final Path STANDARD_OUTPUT = Path.of("/proc/self/fd/1");

    private final OutputStream stream;
    private final String name;
    private final boolean pipe;
    private boolean failed;

    private interface Operation {
        void run() throws IOException;
    }

    private ResultStream(OutputStream stream, String name, boolean pipe) {
        this.stream = stream;
        this.name = name;
        this.pipe = pipe;
    }

    /** This process's standard output. */
    public static ResultStream standardOutput() {
        return new ResultStream(new FileOutputStream(FileDescriptor.out), "standard output", isPipe(STANDARD_OUTPUT));
    }

    /** A stream that tells its failures by {@code name}. */
    public static ResultStream of(OutputStream stream, String name) {
        return new ResultStream(stream, name, false);
    }

    /** The message of a failed write depends on the locale; a write to a pipe fails for one reason only. */
    private static boolean isPipe(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().matches("(pipe|socket):.*");
        } catch (IOException | UnsupportedOperationException e) {
            // No /proc: a closed pipe is told like a full disk.
            return false;
        }
    }

    @Override
    public void write(int value) {
        attempt(() -> stream.write(value));
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        attempt(() -> stream.write(bytes, from, count));
    }

    @Override
    public void flush() {
        attempt(stream::flush);
    }

    /** Some file systems notice only now that they are full. */
    @Override
    public void close() {
        attempt(stream::close);
    }

    private void attempt(Operation operation) {
        if (failed) {
            return;
        }
        try {
            operation.run();
        } catch (IOException e) {
            failed = true;
            throw new OutputException(name, pipe, e);
        }
    }
}
