package dev.flipside.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Ends a transfer in which nothing has come for a while: Java's HTTP client waits for the next byte of a body for ever.
 * Closing the body from outside is what wakes its reader.
 */
final class StallGuard implements AutoCloseable {
    private final InputStream body;
    private final Duration limit;
    private final Thread watch;
    private volatile long last = System.nanoTime();
    private volatile boolean stalled;
    private volatile boolean done;

    StallGuard(InputStream body, Duration limit) {
        this.body = body;
        this.limit = limit;
        watch = new Thread(this::watch, "flipside-transfer-watch");
        watch.setDaemon(true);
        watch.start();
    }

    /** Something came. */
    void progress() {
        last = System.nanoTime();
    }

    /** @throws IOException when the end of the body was this guard's doing */
    void check() throws IOException {
        if (stalled) {
            throw new IOException("nothing came for " + limit.toSeconds() + " s");
        }
    }

    private void watch() {
        while (!done) {
            long left = limit.toNanos() - (System.nanoTime() - last);
            if (left <= 0) {
                stalled = true;
                try {
                    body.close();
                } catch (IOException e) {
                    // The reader gets an error of its own.
                }
                return;
            }
            try {
                Thread.sleep(left / 1_000_000 + 1);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        done = true;
        watch.interrupt();
    }
}
