package dev.flipside.eval.policy;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Whether two answers in LaTeX are the same.
 *
 * <p>{@link #sameText} is the published rule of MATH (Hendrycks et al., arXiv 2103.03874, {@code is_equiv}): both are
 * brought to one spelling, step by step, and compared as texts. {@link #same} also compares by value where both are
 * expressions of numbers ({@link LatexValue}).
 */
public final class MathEquivalence {
    private static final Pattern SLASH = Pattern.compile("(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)");
    private static final String FRACTION = "\\frac";
    private static final String ROOT = "\\sqrt";
    private static final String UNIT = "\\text{ ";

    private MathEquivalence() {}

    /** Equal as texts of one spelling, or, where that spelling cannot be made of one of them, as they are. */
    public static boolean sameText(String answer, String reference) {
        Optional<String> a = spelled(answer);
        Optional<String> b = spelled(reference);
        return a.isPresent() && b.isPresent() ? a.equals(b) : answer.equals(reference);
    }

    /** As {@link #sameText}, or of the same value. */
    public static boolean same(String answer, String reference) {
        if (sameText(answer, reference)) {
            return true;
        }
        Optional<String> a = spelled(answer);
        Optional<String> b = spelled(reference);
        return a.isPresent() && b.isPresent() && LatexValue.equal(a.get(), b.get());
    }

    /** The published spelling; empty where the published function fails. */
    private static Optional<String> spelled(String answer) {
        String text = answer.replace("\n", "")
                .replace("\\!", "")
                .replace("\\\\", "\\")
                .replace("tfrac", "frac")
                .replace("dfrac", "frac")
                .replace("\\left", "")
                .replace("\\right", "")
                .replace("^{\\circ}", "")
                .replace("^\\circ", "")
                .replace("\\$", "");
        int unit = text.indexOf(UNIT);
        if (unit >= 0) {
            if (text.indexOf(UNIT, unit + 1) >= 0) {
                return Optional.empty();
            }
            text = text.substring(0, unit);
        }
        text = text.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.");
        if (text.isEmpty()) {
            return Optional.of(text);
        }
        if (text.startsWith(".")) {
            text = "0" + text;
        }
        int equals = text.indexOf('=');
        if (equals >= 0 && text.indexOf('=', equals + 1) < 0 && text.codePointCount(0, equals) <= 2) {
            text = text.substring(equals + 1);
        }
        return withBraces(text).map(MathEquivalence::asFraction);
    }

    /** Braces around the arguments of roots and fractions, and no spaces. */
    private static Optional<String> withBraces(String text) {
        StringBuilder roots = new StringBuilder();
        String[] parts = text.split(Pattern.quote(ROOT), -1);
        for (int i = 0; i < parts.length; i++) {
            if (i == 0) {
                roots.append(parts[0]);
            } else if (parts[i].isEmpty()) {
                return Optional.empty();
            } else if (parts[i].startsWith("{")) {
                roots.append(ROOT).append(parts[i]);
            } else {
                roots.append(ROOT)
                        .append('{')
                        .append(parts[i].charAt(0))
                        .append('}')
                        .append(parts[i].substring(1));
            }
        }
        return fractions(roots.toString().replace(" ", ""));
    }

    private static Optional<String> fractions(String text) {
        String[] parts = text.split(Pattern.quote(FRACTION), -1);
        StringBuilder fractions = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            if (part.isEmpty()) {
                return Optional.empty();
            }
            fractions.append(FRACTION);
            if (part.startsWith("{")) {
                fractions.append(part);
            } else if (part.length() < 2) {
                return Optional.of(text);
            } else {
                String denominator = part.charAt(1) == '{' ? "{" : "{" + part.charAt(1) + "}";
                fractions
                        .append('{')
                        .append(part.charAt(0))
                        .append('}')
                        .append(denominator)
                        .append(part.substring(2));
            }
        }
        return Optional.of(fractions.toString());
    }

    private static String asFraction(String text) {
        if (text.equals("0.5")) {
            return "\\frac{1}{2}";
        }
        return SLASH.matcher(text).matches() ? SLASH.matcher(text).replaceFirst("\\\\frac{$1}{$2}") : text;
    }
}
