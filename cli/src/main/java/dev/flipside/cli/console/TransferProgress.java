package dev.flipside.cli.console;

import dev.flipside.hub.TransferListener;

/** Transfers on the console, in megabytes; small ones in kilobytes. */
public final class TransferProgress implements TransferListener {
    private static final long MEGABYTE = 1_000_000;
    private static final long KILOBYTE = 1_000;

    private final Console console;
    private Progress progress = Progress.NONE;
    private long unit = MEGABYTE;

    public TransferProgress(Console console) {
        this.console = console;
    }

    @Override
    public void begin(String task, long bytes, long there) {
        unit = bytes < 10 * MEGABYTE ? KILOBYTE : MEGABYTE;
        progress = console.progress(task, up(bytes), unit == MEGABYTE ? "MB" : "kB", there / unit);
    }

    @Override
    public void at(long done, String file) {
        progress.at(up(done), file);
    }

    /** A file of a few bytes counts too. */
    private long up(long bytes) {
        return (bytes + unit - 1) / unit;
    }

    @Override
    public void end() {
        progress.close();
        progress = Progress.NONE;
    }

    @Override
    public void message(String line) {
        console.info(line);
    }
}
