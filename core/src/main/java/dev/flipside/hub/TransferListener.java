package dev.flipside.hub;

/** Told how a transfer goes. */
public interface TransferListener {
    TransferListener NONE = new TransferListener() {};

    /**
     * A transfer begins.
     *
     * @param task such as {@code pull org/name}
     * @param bytes of all its files
     * @param there bytes that an earlier, interrupted transfer has left
     */
    default void begin(String task, long bytes, long there) {}

    /**
     * It goes on.
     *
     * @param done bytes so far, those that were there included
     * @param file that is under way
     */
    default void at(long done, String file) {}

    /** It has ended, well or not. */
    default void end() {}

    /** Something worth a line. */
    default void message(String line) {}
}
