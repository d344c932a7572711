package dev.flipside.text;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The codes of Python's {@code strftime} that chat templates print dates with, in English whatever the machine's
 * language.
 */
final class Strftime {
    private static final Pattern CODE = Pattern.compile("%(.?)");

    private Strftime() {}

    /** The moment in the given format; empty when the format holds a code that is not known here. */
    static Optional<String> format(ZonedDateTime moment, String format) {
        boolean known = CODE.matcher(format).results().allMatch(code -> pattern(code.group(1))
                .isPresent());
        return known
                ? Optional.of(CODE.matcher(format)
                        .replaceAll(code -> Matcher.quoteReplacement(formatCode(moment, code.group(1)))))
                : Optional.empty();
    }

    private static String formatCode(ZonedDateTime moment, String code) {
        return DateTimeFormatter.ofPattern(pattern(code).orElseThrow(), Locale.US)
                .format(moment);
    }

    private static Optional<String> pattern(String code) {
        return switch (code) {
            case "Y" -> Optional.of("yyyy");
            case "y" -> Optional.of("yy");
            case "m" -> Optional.of("MM");
            case "d" -> Optional.of("dd");
            case "B" -> Optional.of("MMMM");
            case "b" -> Optional.of("MMM");
            case "A" -> Optional.of("EEEE");
            case "a" -> Optional.of("EEE");
            case "H" -> Optional.of("HH");
            case "I" -> Optional.of("hh");
            case "M" -> Optional.of("mm");
            case "S" -> Optional.of("ss");
            case "p" -> Optional.of("a");
            case "j" -> Optional.of("DDD");
            case "%" -> Optional.of("'%'");
            default -> Optional.empty();
        };
    }
}
