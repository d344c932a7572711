package dev.flipside.cli.console;

import java.util.Locale;

/** Numbers as the terminal shows them, the same in every locale. */
public final class Numbers {
    private static final double MIB = 1 << 20;
    private static final double GIB = 1 << 30;

    private Numbers() {}

    /** Rounded to so many decimals: {@code 1.50}. */
    public static String fixed(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** Three decimals for everyday sizes, none from 100 on, an exponent for tiny ones; a dash for what is no number. */
    public static String number(double value) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        double size = Math.abs(value);
        if (size >= 100) {
            return fixed(value, 0);
        }
        return size == 0 || size >= 0.001 ? fixed(value, 3) : tiny(value);
    }

    /** A difference, with its sign and three decimals: {@code +0.012}. */
    public static String signed(double value) {
        return String.format(Locale.ROOT, "%+.3f", value);
    }

    /** An interval of differences: {@code [-0.010, +0.034]}. */
    public static String signedInterval(double low, double high) {
        return "[" + signed(low) + ", " + signed(high) + "]";
    }

    /** How much more one of two is than the other, in whole units: {@code +12}. */
    public static String signedWhole(double value) {
        return String.format(Locale.ROOT, "%+.0f", value);
    }

    /** A share in per cent, without the sign of it: {@code 48.1}; empty for what is no number. */
    public static String percent(double share) {
        return Double.isFinite(share) ? fixed(100 * share, 1) : "";
    }

    /** A difference of shares in points of per cent: {@code +1.5}; empty for what is no number. */
    public static String signedPercent(double share) {
        return Double.isFinite(share) ? String.format(Locale.ROOT, "%+.1f", 100 * share) : "";
    }

    /** An interval of shares in per cent, as tables have it: {@code [45.0, 51.2]}; empty for what is no number. */
    public static String percentInterval(double low, double high) {
        return Double.isFinite(low) ? "[" + percent(low) + ", " + percent(high) + "]" : "";
    }

    /** The same in a sentence: {@code 45.0 to 51.2}. */
    public static String percentRange(double low, double high) {
        return percent(low) + " to " + percent(high);
    }

    /** The p-value of a test; empty for a test that was not made. */
    public static String pValue(double value) {
        return Double.isNaN(value) ? "" : value < 0.001 ? tiny(value) : fixed(value, 3);
    }

    /** With a comma between thousands: {@code 1,234}. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** A file's size: {@code 1.5 kB} below a megabyte, else {@code 12.0 MB}. */
    public static String fileSize(long bytes) {
        return bytes < 1_000_000 ? fixed(bytes / 1e3, 1) + " kB" : megabytes(bytes);
    }

    /** {@code 12.0 MB}. */
    public static String megabytes(long bytes) {
        return fixed(bytes / 1e6, 1) + " MB";
    }

    /** Memory in MiB, without the unit: {@code 12.0}. */
    public static String mebibytes(long bytes) {
        return fixed(bytes / MIB, 1);
    }

    /** Memory or space: {@code 1.5 GiB}. */
    public static String gibibytes(long bytes) {
        return fixed(bytes / GIB, 1) + " GiB";
    }

    /** {@code 12.3 s}. */
    public static String seconds(double seconds) {
        return fixed(seconds, 1) + " s";
    }

    /** Hours, minutes and seconds, as far as they are needed: {@code 1:02:05}. */
    public static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
    }

    /** What was done in a time: {@code 12.3 answers/s}. */
    public static String rate(double perSecond, String unit) {
        return fixed(perSecond, 1) + " " + unit + "/s";
    }

    private static String tiny(double value) {
        return String.format(Locale.ROOT, "%.1e", value);
    }
}
