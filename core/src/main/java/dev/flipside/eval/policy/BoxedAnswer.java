package dev.flipside.eval.policy;

import java.util.Optional;

/** The answer in the last {@code \boxed{...}} of a text, or, where there is none, in its last {@code \fbox{...}}. */
public final class BoxedAnswer {
    private BoxedAnswer() {}

    /**
     * What stands in the braces, which may nest; after a {@code \boxed} without braces, what follows up to the next
     * dollar sign. Empty when there is no box, or its brace never closes.
     */
    public static Optional<String> in(String text) {
        for (String command : new String[] {"\\boxed", "\\fbox"}) {
            int at = text.lastIndexOf(command);
            if (at >= 0) {
                return content(text.substring(at + command.length()));
            }
        }
        return Optional.empty();
    }

    private static Optional<String> content(String rest) {
        if (rest.startsWith(" ")) {
            return Optional.of(rest.substring(1).split("\\$", 2)[0]);
        }
        int depth = 0;
        for (int i = 0; i < rest.length(); i++) {
            char character = rest.charAt(i);
            depth += character == '{' ? 1 : character == '}' ? -1 : 0;
            if (depth == 0) {
                // A box without a brace right after its name is none.
                return character == '}' ? Optional.of(rest.substring(1, i)) : Optional.empty();
            }
        }
        return Optional.empty();
    }
}
