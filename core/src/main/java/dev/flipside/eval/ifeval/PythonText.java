package dev.flipside.eval.ifeval;

import java.util.regex.Pattern;

/** What Python's {@code str} and {@code re} do where Java's namesakes do something else. */
final class PythonText {
    /** A character of {@code \w}: Java's Unicode class also holds combining marks, which split a word for Python. */
    static final String WORD_CHARACTER = "[\\p{L}\\p{N}_]";

    /** {@code \b}, whose meaning also differs between versions of Java. */
    static final String WORD_BOUNDARY = "(?:(?<=" + WORD_CHARACTER + ")(?!" + WORD_CHARACTER + ")|(?<!" + WORD_CHARACTER
            + ")(?=" + WORD_CHARACTER + "))";

    /** Lines end at {@code \n} only, and {@code \s} and {@code \d} know Unicode. */
    static final int FLAGS = Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS;

    static final int IGNORE_CASE = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE;

    private PythonText() {}

    /** {@code str.isspace} of one character; unlike Java's, the no-break space is one. */
    static boolean isSpace(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character) || character == 0x85;
    }

    /** {@code str.strip()}. */
    static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    static boolean isBlank(String text) {
        return strip(text).isEmpty();
    }

    /** {@code str.lstrip(character)}. */
    static String stripLeft(String text, char character) {
        int from = 0;
        while (from < text.length() && text.charAt(from) == character) {
            from++;
        }
        return text.substring(from);
    }

    /** {@code str.rstrip(character)}. */
    static String stripRight(String text, char character) {
        int to = text.length();
        while (to > 0 && text.charAt(to - 1) == character) {
            to--;
        }
        return text.substring(0, to);
    }

    /** {@code str.removeprefix}. */
    static String removePrefix(String text, String prefix) {
        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
    }

    /** {@code str.removesuffix}. */
    static String removeSuffix(String text, String suffix) {
        return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
    }

    /** {@code str.isupper()}: a cased character, and none that is lower or title case. */
    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    /** {@code str.islower()}. */
    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }
}
