package dev.flipside.config;

import java.util.List;
import java.util.function.Supplier;

/**
 * Something that the user can mend: a missing file, a wrong key, a model of an unknown type.
 *
 * <p>The message is one sentence (or two short ones) that says what is wrong, where (file, line or key), why, and what
 * to do. The command line prints it without a stack trace and exits with code 2.
 */
public class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Characters: what a damaged file holds in one place can be as long as the file. */
    private static final int MAX_LENGTH = 1_000;

    private static final int END = 200;

    public UserError(String message) {
        super(shortened(message));
    }

    public UserError(String message, Throwable cause) {
        super(shortened(message), cause);
    }

    private UserError(List<String> messages) {
        super(String.join(" ", messages));
    }

    /** Several that are told at once, each as long as one may be. */
    public static UserError all(List<String> messages) {
        return new UserError(messages.stream().map(UserError::shortened).toList());
    }

    private static String shortened(String message) {
        int length = message.length();
        return length <= MAX_LENGTH
                ? message
                : message.substring(0, MAX_LENGTH - END - 5) + " ... " + message.substring(length - END);
    }

    /**
     * Runs something that a key of the configuration asked for, so that its error names the key too.
     *
     * @throws UserError with {@code key} before the message
     */
    public static <T> T under(String key, Supplier<T> work) {
        try {
            return work.get();
        } catch (UserError e) {
            throw new UserError(key + ": " + e.getMessage(), e);
        }
    }
}
