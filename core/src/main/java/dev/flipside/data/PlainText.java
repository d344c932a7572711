package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;

/** What a file's value reads as text: a number is the same text however the file spells it. */
public final class PlainText {
    /** Digits before or behind the point up to which a number is written out: more than any double has. */
    private static final int DIGITS = 400;

    private PlainText() {}

    /** A text as it is, a number as {@link #of(Number)}, anything else as Jackson writes it. */
    public static String of(JsonNode value) {
        return value.isNumber() ? of(value.numberValue()) : value.asText();
    }

    /** As {@link #of(JsonNode)}, of a value that {@link PromptExample#columns} holds. */
    public static String of(Object value) {
        return value instanceof Number number ? of(number) : String.valueOf(value);
    }

    /**
     * A number without exponent and without zeros that say nothing: {@code 1.5E7} and {@code 15000000.0} are
     * {@code 15000000}, {@code -0.0} is {@code 0}.
     */
    public static String of(Number number) {
        if (number instanceof Double || number instanceof Float || number instanceof BigDecimal) {
            String text = number.toString();
            boolean finite = text.chars().anyMatch(c -> c >= '0' && c <= '9');
            return finite ? plain(new BigDecimal(text)) : text;
        }
        return number.toString();
    }

    private static String plain(BigDecimal number) {
        BigDecimal shortest = number.stripTrailingZeros();
        boolean writtenOut = Math.abs((long) shortest.scale()) <= DIGITS;
        return writtenOut ? shortest.toPlainString() : shortest.toString();
    }

    /**
     * A value as reward functions see it: a decimal number is a {@code Double} where a double has the same value in its
     * shortest spelling, else a {@code BigDecimal}.
     */
    static Object number(JsonNode node) {
        if (!node.isBigDecimal()) {
            return node.numberValue();
        }
        BigDecimal exact = node.decimalValue();
        double rounded = exact.doubleValue();
        boolean same = Double.isFinite(rounded) && BigDecimal.valueOf(rounded).compareTo(exact) == 0;
        return same ? (Object) rounded : exact;
    }
}
