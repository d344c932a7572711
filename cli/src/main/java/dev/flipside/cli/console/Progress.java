package dev.flipside.cli.console;

/** How far a long task is. */
public interface Progress extends AutoCloseable {
    Progress NONE = (done, message) -> {};

    /** {@code done} units are finished; {@code message} is shown beside the bar and may be empty. */
    void at(long done, String message);

    @Override
    default void close() {}
}
