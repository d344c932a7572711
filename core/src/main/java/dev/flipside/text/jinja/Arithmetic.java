package dev.flipside.text.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Python's arithmetic: {@code /} gives a float, {@code //} and {@code %} round down, {@code + *} join and repeat texts
 * and lists.
 */
final class Arithmetic {
    private static final int MAX_TEXT = 1 << 24;
    private static final int MAX_ITEMS = 1_000_000;

    private Arithmetic() {}

    /** Refuses a text that is too long for memory: templates are untrusted. */
    static void requireLength(long characters) {
        if (characters > MAX_TEXT) {
            throw TemplateException.of("a text has more than " + MAX_TEXT + " characters");
        }
    }

    /** Refuses a list that is too long for memory. */
    static void requireItems(long items) {
        if (items > MAX_ITEMS) {
            throw TemplateException.of("a list has more than " + MAX_ITEMS + " items");
        }
    }

    static Object apply(String operator, Object left, Object right) {
        if (left instanceof Undefined undefined) {
            throw undefined.used();
        } else if (right instanceof Undefined undefined) {
            throw undefined.used();
        }
        Number a = Values.number(left);
        Number b = Values.number(right);
        if (a != null && b != null) {
            return numbers(operator, a, b);
        }
        if (operator.equals("+")) {
            return sum(left, right);
        }
        if (operator.equals("*") && b instanceof Long times && a == null) {
            return repeated(left, right, times);
        }
        if (operator.equals("*") && a instanceof Long times && b == null) {
            return repeated(right, left, times);
        }
        if (operator.equals("%") && left instanceof String) {
            throw TemplateException.of("formatting a text with '%' is not supported");
        }
        throw unsupported(operator, left, right);
    }

    private static TemplateException unsupported(String operator, Object left, Object right) {
        return TemplateException.of("unsupported operand types for " + operator + ": '" + Values.typeName(left)
                + "' and '" + Values.typeName(right) + "'");
    }

    private static Object sum(Object left, Object right) {
        if (left instanceof String one && right instanceof String other) {
            requireLength((long) one.length() + other.length());
            return one + other;
        } else if (left instanceof List<?> one && right instanceof List<?> other) {
            return joined(one, other);
        } else if (left instanceof Tuple one && right instanceof Tuple other) {
            return new Tuple(joined(one.items(), other.items()));
        }
        throw unsupported("+", left, right);
    }

    private static List<Object> joined(List<?> one, List<?> other) {
        requireItems((long) one.size() + other.size());
        List<Object> all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    private static Object repeated(Object value, Object factor, long times) {
        long count = Math.max(0, times);
        if (value instanceof String text) {
            requireLength(Math.multiplyHigh(text.length(), count) != 0 ? Long.MAX_VALUE : text.length() * count);
            return text.repeat((int) Math.min(count, text.isEmpty() ? 0 : Integer.MAX_VALUE));
        }
        if (value instanceof List || value instanceof Tuple) {
            List<Object> items = Values.iterate(value);
            requireItems(Math.min(count, MAX_ITEMS + 1L) * items.size());
            List<Object> all = new ArrayList<>();
            for (long i = 0; i < count && !items.isEmpty(); i++) {
                all.addAll(items);
            }
            return value instanceof Tuple ? new Tuple(all) : all;
        }
        throw unsupported("*", value, factor);
    }

    static Object sign(String sign, Object operand) {
        if (operand instanceof Undefined undefined) {
            throw undefined.used();
        }
        Number number = Values.number(operand);
        if (number == null) {
            throw TemplateException.of("bad operand type for unary " + sign + ": '" + Values.typeName(operand) + "'");
        }
        if (sign.equals("+")) {
            return number;
        }
        return number instanceof Long whole ? numbers("-", 0L, whole) : (Object) (-number.doubleValue());
    }

    private static Object numbers(String operator, Number a, Number b) {
        boolean divides = operator.equals("/") || operator.equals("//") || operator.equals("%");
        if (divides && b.doubleValue() == 0) {
            throw TemplateException.of("division by zero");
        }
        try {
            return a instanceof Long x && b instanceof Long y
                    ? integers(operator, x, y)
                    : floats(operator, a.doubleValue(), b.doubleValue());
        } catch (ArithmeticException e) {
            throw TemplateException.of("a number has more than 64 bits, which is not supported");
        }
    }

    private static Object integers(String operator, long x, long y) {
        return switch (operator) {
            case "+" -> Math.addExact(x, y);
            case "-" -> Math.subtractExact(x, y);
            case "*" -> Math.multiplyExact(x, y);
            case "/" -> (double) x / y;
            case "//" -> Math.floorDiv(x, y);
            case "%" -> Math.floorMod(x, y);
            default -> y < 0 ? floats(operator, x, y) : power(x, y);
        };
    }

    private static Object power(long x, long y) {
        if (y > 64 && x != 0 && x != 1 && x != -1) {
            throw new ArithmeticException("overflow");
        }
        int exponent = (int) (y > 64 ? y % 2 + 2 : y);
        return BigInteger.valueOf(x).pow(exponent).longValueExact();
    }

    private static Object floats(String operator, double x, double y) {
        switch (operator) {
            case "+":
                return x + y;
            case "-":
                return x - y;
            case "*":
                return x * y;
            case "/":
                return x / y;
            case "//":
                return quotient(x, y);
            case "%":
                return modulo(x, y);
            default:
                if (x == 0 && y < 0 || x < 0 && y != Math.rint(y)) {
                    throw TemplateException.of(
                            "a power of " + Show.str(x) + " by " + Show.str(y) + " is not supported");
                }
                return Math.pow(x, y);
        }
    }

    private static double quotient(double x, double y) {
        double exact = (x - modulo(x, y)) / y;
        double below = Math.floor(exact);
        return exact - below > 0.5 ? below + 1 : below;
    }

    private static double modulo(double x, double y) {
        double rest = x % y;
        return rest != 0 && rest < 0 != y < 0 ? rest + y : rest == 0 ? Math.copySign(0.0, y) : rest;
    }
}
