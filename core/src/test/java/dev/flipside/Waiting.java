package dev.flipside;

import java.time.Duration;
import java.util.concurrent.Callable;

/** For what another thread or process does in its own time. */
public final class Waiting {
    private Waiting() {}

    /** Returns as soon as something is so; fails where it is not by then. */
    public static void until(Duration longest, String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + longest.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("after " + longest.toSeconds() + " s it is still not so that " + what);
            }
            Thread.sleep(5);
        }
    }
}
