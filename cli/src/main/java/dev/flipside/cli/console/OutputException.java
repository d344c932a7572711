package dev.flipside.cli.console;

import dev.flipside.config.IoReason;
import java.io.IOException;

/**
 * Results that could not be written to where they should go. Unchecked, because what prints results must stop and
 * cannot mend it.
 */
public final class OutputException extends RuntimeException {
    /**
     * What a shell reports of a program that SIGPIPE (13) ended; Java ignores that signal and sees a failed write
     * instead.
     */
    public static final int READER_GONE = 128 + 13;

    private static final long serialVersionUID = 1;

    private final boolean readerGone;

    /**
     * @param where the results went, as the user knows it
     * @param readerGone whether it is a pipe whose reader has closed it
     */
    OutputException(String where, boolean readerGone, IOException cause) {
        super(
                where + " could not be written (" + IoReason.of(cause)
                        + "), so it does not hold all results; make room there, or send them elsewhere, and run this again.",
                cause);
        this.readerGone = readerGone;
    }

    /** Whether nobody is there to read the results, which is no fault: {@code flipside ... | head} has read enough. */
    public boolean readerGone() {
        return readerGone;
    }
}
