package dev.flipside.cli.report;

import dev.flipside.cli.console.Numbers;
import dev.flipside.compare.Difference;
import java.util.Locale;

/** Numbers as people read them: a true minus sign, so that columns of tabular figures align. */
final class Figures {
    private static final char MINUS = '\u2212';

    private Figures() {}

    /** Three decimals; an en dash for what was not measured. */
    static String number(double value) {
        if (!Double.isFinite(value)) {
            return "\u2013";
        }
        double size = Math.abs(value);
        String format = size != 0 && size < 0.001 || size >= 10_000 ? "%.2g" : size >= 100 ? "%.1f" : "%.3f";
        return minus(String.format(Locale.ROOT, format, value));
    }

    /** With its sign. */
    static String signed(double value) {
        return minus(Numbers.signed(value));
    }

    /** The interval of a difference; empty where there are too few seeds for one. */
    static String range(Difference difference) {
        return difference
                .intervalOverSeeds()
                .map(i -> minus(Numbers.signedInterval(i.low(), i.high())))
                .orElse("");
    }

    /** A share in percent, one decimal. */
    static String percent(double share) {
        return Double.isFinite(share) ? minus(Numbers.percent(share)) : "\u2013";
    }

    /** {@code p = 0.012}; empty for a test that was not made. */
    static String p(String name, double value) {
        if (Double.isNaN(value)) {
            return "";
        }
        // Kept in one line.
        String text = value < 0.001 ? name + " < 0.001" : name + " = " + Numbers.pValue(value);
        return text.replace(' ', '\u00a0');
    }

    /** An interval of shares in percent; empty for none. */
    static String percentRange(double low, double high) {
        return minus(Numbers.percentInterval(low, high));
    }

    /** A length or a place for a style sheet: {@code 12.5%}. */
    static String css(double percent, int decimals) {
        return Numbers.fixed(percent, decimals) + "%";
    }

    private static String minus(String number) {
        return number.replace('-', MINUS);
    }
}
