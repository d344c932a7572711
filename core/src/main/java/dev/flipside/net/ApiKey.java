package dev.flipside.net;

import dev.flipside.config.UserError;
import java.util.Optional;

/**
 * The secret that a server asks for. It is sent and never shown: not in {@link #toString}, not in an error, not in a
 * file.
 *
 * <p>Not a record, because a record prints what it holds.
 */
public final class ApiKey {
    private static final String HIDDEN = "***";

    private final String variable;
    private final Optional<String> secret;

    private ApiKey(String variable, Optional<String> secret) {
        this.variable = variable;
        this.secret = secret;
    }

    /**
     * Takes the key from an environment variable. Servers on one's own machine need none, so a missing one is told when
     * a server refuses.
     *
     * @param secret the variable's value; blank counts as missing
     * @throws UserError when it has characters that no header can carry; the client of Java would show it in its own
     *     error
     */
    public static ApiKey of(String variable, Optional<String> secret) {
        Optional<String> key = secret.map(String::strip).filter(text -> !text.isEmpty());
        if (!key.orElse("").chars().allMatch(letter -> letter > ' ' && letter < 127)) {
            throw new UserError(
                    variable
                            + " holds a space, a line break or a letter that no key has (it is not shown here); copy the key again.");
        }
        return new ApiKey(variable, key);
    }

    /** The environment variable that holds it. */
    public String variable() {
        return variable;
    }

    /** The value of the header {@code Authorization}, where there is a key. */
    public Optional<String> authorization() {
        return secret.map(key -> "Bearer " + key);
    }

    /** {@code text} without the key: servers repeat it in their refusals. */
    public String hideIn(String text) {
        return secret.map(key -> text.replace(key, HIDDEN)).orElse(text);
    }

    @Override
    public String toString() {
        return secret.isPresent() ? HIDDEN : "no key";
    }
}
