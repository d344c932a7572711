package dev.flipside.reward;

import dev.flipside.config.UserError;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Regular expressions of the user's on text that a model wrote. */
final class Matching {
    private Matching() {}

    static boolean startsWith(Pattern pattern, String text) {
        return guarded(pattern, text, () -> pattern.matcher(text).lookingAt());
    }

    /** The first group (or, without groups, the whole) of the last match. */
    static Optional<String> lastMatch(Pattern pattern, String text) {
        return guarded(pattern, text, () -> {
            Matcher matcher = pattern.matcher(text);
            Optional<String> last = Optional.empty();
            while (matcher.find()) {
                last = Optional.ofNullable(matcher.group(Math.min(1, matcher.groupCount())));
            }
            return last;
        });
    }

    /** Java's matcher recurses on groups under a quantifier, so that a long answer can exhaust the stack. */
    private static <T> T guarded(Pattern pattern, String text, Supplier<T> match) {
        try {
            return match.get();
        } catch (StackOverflowError e) {
            throw new UserError(
                    "The regular expression '" + pattern + "' runs out of stack on an answer of " + text.length()
                            + " characters; write repeated groups as character classes or with possessive quantifiers, such as (?:...)*+.",
                    e);
        }
    }
}
