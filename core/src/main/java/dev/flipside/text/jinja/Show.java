package dev.flipside.text.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** {@code str} and {@code repr}: how Python prints a value. */
final class Show {
    private Show() {}

    /** As below, counted. */
    static String str(Budget budget, Object value) {
        budget.walk(value);
        return str(value);
    }

    /** A value as {@code {{ }}} prints it. */
    static String str(Object value) {
        if (value instanceof String text) {
            return text;
        }
        return value instanceof Undefined ? "" : repr(value);
    }

    /** A value as it is printed inside a list: texts in quotes. */
    static String repr(Object value) {
        if (value instanceof String text) {
            return quoted(text);
        } else if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        } else if (value == None.NONE) {
            return "None";
        } else if (value instanceof Long) {
            return value.toString();
        } else if (value instanceof Double number) {
            return decimal(number);
        } else if (value instanceof List<?> list) {
            return joined("[", list, "]");
        } else if (value instanceof Tuple tuple) {
            return joined("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")");
        } else if (value instanceof Map<?, ?> map) {
            return checked(map.entrySet().stream()
                    .map(entry -> repr(entry.getKey()) + ": " + repr(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}")));
        } else if (value instanceof Sequence sequence && !sequence.indexed()) {
            return sequence.type() + "(" + joined("[", sequence.items(), "]") + ")";
        } else if (value instanceof Undefined) {
            return "Undefined";
        }
        // Python would print an address, or name an object of its own.
        throw TemplateException.of("printing a '" + Values.typeName(value) + "' is not supported");
    }

    private static String joined(String open, List<?> items, String close) {
        return checked(items.stream().map(Show::repr).collect(Collectors.joining(", ", open, close)));
    }

    private static String checked(String text) {
        Arithmetic.requireLength(text.length());
        return text;
    }

    private static String quoted(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        text.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                out.append('\\').append((char) c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\r') {
                out.append("\\r");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (Text.isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
            }
        });
        return out.append(quote).toString();
    }

    /** The shortest digits that read back as the same number; Java's own, before 19, are not always the shortest. */
    static String decimal(double number) {
        if (Double.isNaN(number)) {
            return "nan";
        } else if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        } else if (number == 0) {
            return Math.copySign(1, number) < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(Math.abs(number));
        BigDecimal shortest = exact;
        for (int digits = 1; digits <= 17; digits++) {
            shortest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (shortest.doubleValue() == Math.abs(number)) {
                break;
            }
        }
        shortest = shortest.stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        String sign = number < 0 ? "-" : "";
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.toPlainString();
            return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
        }
        String digits = shortest.unscaledValue().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+")
                + String.format("%02d", Math.abs(exponent));
    }
}
