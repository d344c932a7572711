package dev.flipside.eval.policy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The value of an expression of numbers in LaTeX: digits with or without commas in thousands, {@code + - * / ^},
 * {@code \cdot}, {@code \times}, {@code \div}, {@code \frac}, {@code \sqrt}, {@code \pi}, brackets, and products and
 * mixed numbers without a sign ({@code 2\pi}, {@code 1\frac{1}{2}} is 1.5). Anything else, such as a variable, has no
 * value.
 */
final class LatexValue {
    private static final double RELATIVE = 1e-12;
    private static final Pattern THOUSANDS = Pattern.compile("-?\\d{1,3}(,\\d{3})+(\\.\\d+)?");
    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d*)?|\\.\\d+");
    private static final Pattern DECIMAL = Pattern.compile("-?\\d{1,400}(\\.\\d{1,400})?");
    private static final Pattern MIXED = Pattern.compile("\\\\frac\\{\\d+\\}\\{\\d+\\}");
    private static final int DEEPEST = 50;

    private final String text;
    private int at;
    private int depth;

    private LatexValue(String text) {
        this.text = text;
    }

    /** No expression of numbers. */
    private static final class NoValue extends Exception {
        private static final long serialVersionUID = 1L;

        NoValue() {
            super("no value", null, false, false);
        }
    }

    /**
     * Whether two expressions have the same value, up to rounding (1e-12 of it; decimal numbers exactly); of two lists
     * between the same brackets, whether all members have, in order.
     *
     * @param a without spaces, as {@link MathEquivalence} spells it
     * @param b likewise
     */
    static boolean equal(String a, String b) {
        if (a.equals(b)) {
            return true;
        }
        if (DECIMAL.matcher(a).matches() && DECIMAL.matcher(b).matches()) {
            return new BigDecimal(a).compareTo(new BigDecimal(b)) == 0;
        }
        OptionalDouble x = of(a);
        OptionalDouble y = of(b);
        if (x.isPresent() && y.isPresent()) {
            double size = Math.max(Math.abs(x.getAsDouble()), Math.abs(y.getAsDouble()));
            return Math.abs(x.getAsDouble() - y.getAsDouble()) <= RELATIVE * size;
        }
        List<String> as = members(a);
        List<String> bs = members(b);
        if (as.size() != bs.size() || as.size() < 2 || !brackets(a).equals(brackets(b))) {
            return false;
        }
        for (int i = 0; i < as.size(); i++) {
            if (!equal(as.get(i), bs.get(i))) {
                return false;
            }
        }
        return true;
    }

    static OptionalDouble of(String text) {
        // The published spelling puts the bracket of a root's degree between braces.
        String plain = text.replace("{,}", ",").replace("\\,", "").replace("\\sqrt{[}", "\\sqrt[");
        LatexValue expression = new LatexValue(THOUSANDS.matcher(plain).matches() ? plain.replace(",", "") : plain);
        try {
            double value = expression.sum();
            return expression.at == expression.text.length() && Double.isFinite(value)
                    ? OptionalDouble.of(value)
                    : OptionalDouble.empty();
        } catch (NoValue e) {
            return OptionalDouble.empty();
        }
    }

    /** The first and the last character where they are brackets around the whole list, else nothing. */
    private static String brackets(String text) {
        boolean round = !text.isEmpty()
                && "([".indexOf(text.charAt(0)) >= 0
                && ")]".indexOf(text.charAt(text.length() - 1)) >= 0;
        boolean curly = text.startsWith("\\{") && text.endsWith("\\}");
        return curly ? "{}" : round ? text.substring(0, 1) + text.substring(text.length() - 1) : "";
    }

    /** Between commas that no bracket holds. */
    private static List<String> members(String text) {
        String brackets = brackets(text);
        int margin = brackets.equals("{}") ? 2 : brackets.isEmpty() ? 0 : 1;
        String inner = text.substring(margin, text.length() - margin);
        List<String> members = new ArrayList<>();
        int open = 0;
        int from = 0;
        for (int i = 0; i < inner.length(); i++) {
            char character = inner.charAt(i);
            open += "([{".indexOf(character) >= 0 ? 1 : ")]}".indexOf(character) >= 0 ? -1 : 0;
            if (character == ',' && open == 0) {
                members.add(inner.substring(from, i));
                from = i + 1;
            }
        }
        members.add(inner.substring(from));
        return members;
    }

    private double sum() throws NoValue {
        if (++depth > DEEPEST) {
            throw new NoValue();
        }
        double sign = take("-") ? -1 : 1;
        if (sign > 0) {
            take("+");
        }
        double value = sign * product();
        while (true) {
            if (take("+")) {
                value += product();
            } else if (take("-")) {
                value -= product();
            } else {
                depth--;
                return value;
            }
        }
    }

    private double product() throws NoValue {
        double value = power();
        while (true) {
            if (take("\\cdot") || take("\\times") || take("*")) {
                value *= power();
            } else if (take("\\div") || take("/")) {
                value /= power();
            } else if (startsFactor()) {
                value *= power();
            } else {
                return value;
            }
        }
    }

    /** A factor without a sign before it; two numbers side by side are none. */
    private boolean startsFactor() {
        return text.startsWith("\\frac", at)
                || text.startsWith("\\sqrt", at)
                || text.startsWith("\\pi", at)
                || text.startsWith("(", at);
    }

    private double power() throws NoValue {
        double value = atom();
        if (take("^")) {
            return Math.pow(value, take("{") ? closed("}") : take("-") ? -atom() : atom());
        }
        return value;
    }

    private double atom() throws NoValue {
        if (take("(")) {
            return closed(")");
        }
        if (take("{")) {
            return closed("}");
        }
        if (take("\\frac")) {
            double numerator = braced();
            return numerator / braced();
        }
        if (take("\\sqrt")) {
            double degree = take("[") ? closed("]") : 2;
            double radicand = braced();
            return degree == 2 ? Math.sqrt(radicand) : Math.pow(radicand, 1 / degree);
        }
        if (take("\\pi")) {
            return Math.PI;
        }
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        if (!number.lookingAt()) {
            throw new NoValue();
        }
        at = number.end();
        double value = Double.parseDouble(number.group());
        boolean mixed = !number.group().contains(".")
                && text.startsWith("\\frac{", at)
                && MIXED.matcher(text).region(at, text.length()).lookingAt();
        return mixed ? value + atom() : value;
    }

    private double braced() throws NoValue {
        if (!take("{")) {
            throw new NoValue();
        }
        return closed("}");
    }

    private double closed(String bracket) throws NoValue {
        double value = sum();
        if (!take(bracket)) {
            throw new NoValue();
        }
        return value;
    }

    private boolean take(String token) {
        if (text.startsWith(token, at)) {
            at += token.length();
            return true;
        }
        return false;
    }
}
