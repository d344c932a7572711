package dev.flipside.cli.console;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Lines for a log file: one at the start, then at most one every ten seconds, and one at the end. */
final class LineProgress implements Progress {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final String task;
    private final long total;
    private final String unit;
    private final PrintWriter err;
    private final long started = System.nanoTime();
    private long lastLine = started;
    private final long from;
    private long done;

    /** @param from units that were done before and do not count for the estimate */
    LineProgress(String task, long total, String unit, PrintWriter err, long from) {
        this.from = from;
        this.task = task;
        this.total = total;
        this.unit = unit;
        this.err = err;
        err.println(task + ": " + total + " " + unit + (from > 0 ? ", " + from + " of them there already" : ""));
    }

    @Override
    public void at(long done, String message) {
        this.done = done;
        long now = System.nanoTime();
        if (now - lastLine >= INTERVAL.toNanos() && done > from) {
            lastLine = now;
            double left = (now - started) / 1e9 / (done - from) * (total - done);
            err.println(String.format(
                            Locale.ROOT, "%s: %d/%d %s, about %.0f s left %s", task, done, total, unit, left, message)
                    .stripTrailing());
        }
    }

    @Override
    public void close() {
        double seconds = (System.nanoTime() - started) / 1e9;
        err.println(task + ": " + done + "/" + total + " " + unit + " in " + Numbers.seconds(seconds));
    }
}
