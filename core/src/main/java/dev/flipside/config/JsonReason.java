package dev.flipside.config;

import com.fasterxml.jackson.core.JacksonException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What is wrong with a text that is to be JSON or YAML: the parser's words, in one line. */
public final class JsonReason {
    /** Where the parser was, in its own terms; whoever tells the error says the file and the line. */
    private static final Pattern SOURCE =
            Pattern.compile("\\s*(?:\\(start marker at \\[Source:[^\\]]*]\\)|(?:at )?\\[Source:[^\\]]*])");

    private JsonReason() {}

    /** Half a sentence, without the place. */
    public static String of(JacksonException e) {
        // YAML's parser indents the place and quotes the text there.
        return SOURCE.matcher(e.getOriginalMessage())
                .replaceAll("")
                .lines()
                .filter(line -> !line.isBlank() && !Character.isWhitespace(line.charAt(0)))
                .collect(Collectors.joining(", "));
    }
}
