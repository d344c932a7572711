package dev.flipside.text;

/**
 * What a regular expression of a tokenizer.json may cost. The native engine (Oniguruma) tries alternatives one after
 * another and ends the whole process after ten million failed ones in one match, so an expression is taken only if its
 * failed tries grow no faster than the text ({@link Tokenizer} bounds that): no repetition of a part that can match in
 * several ways or is itself unbounded, nothing that may fail behind two unbounded repetitions, no back references or
 * calls.
 */
final class PatternCost {
    /** Times the text's length: what alternatives together may fail before one matches. */
    private static final int MAX_FAILURES = 9;

    private static final int MAX_WAYS = 10_000;
    private static final int MAX_SIZE = 20_000;
    private static final int MAX_LENGTH = 10_000;
    private static final int MAX_DEPTH = 50;

    private final String pattern;
    private int position;
    private int depth;

    private PatternCost(String pattern) {
        this.pattern = pattern;
    }

    /**
     * How a part can match.
     *
     * @param nullable whether it can match without taking a character
     * @param surely whether it never fails
     * @param unbounded how many unbounded repetitions follow one another in it
     * @param ways in how many ways it can match apart from these
     * @param failures how often it may fail, in lengths of the text
     * @param size how large the engine's program is
     */
    record Shape(boolean nullable, boolean surely, int unbounded, long ways, long failures, long size) {
        private static final Shape EMPTY = new Shape(true, true, 0, 1, 0, 0);
        private static final Shape CHARACTER = new Shape(false, false, 0, 1, 0, 1);
        private static final Shape ASSERTION = new Shape(true, false, 0, 1, 0, 1);

        private Shape then(Shape next) {
            int both = unbounded + next.unbounded;
            boolean repeatedWork = unbounded > 0 && next.failures > 0 || unbounded > 1 && !next.surely;
            if (both > 2 || repeatedWork) {
                throw new Refused("tries its repetitions against each other");
            }
            long behind = unbounded > 0 && !next.surely ? ways : 0;
            return new Shape(
                    nullable && next.nullable,
                    surely && next.surely,
                    both,
                    ways * next.ways,
                    failures + ways * next.failures + behind,
                    size + next.size);
        }

        private Shape or(Shape other) {
            return new Shape(
                    nullable || other.nullable,
                    surely || other.surely,
                    Math.max(unbounded, other.unbounded),
                    ways + other.ways,
                    failures + other.failures,
                    size + other.size);
        }

        private Shape times(int least, int most) {
            boolean variable = ways > 1 || unbounded > 0;
            if (most == Integer.MAX_VALUE) {
                if (variable || nullable || failures > 0 || least > 100) {
                    throw new Refused("repeats without end what can match in several ways");
                }
                return new Shape(least == 0, least == 0, 1, 1, 0, size * Math.max(least, 1));
            }
            if (most > 1 && (unbounded > 0 || failures > 0)) {
                throw new Refused("repeats an unbounded repetition");
            }
            long all = variable ? (long) Math.min(Math.pow(ways + 1.0, most), MAX_WAYS + 1.0) : most - least + 1L;
            return new Shape(
                    least == 0 || nullable,
                    least == 0 || surely,
                    unbounded,
                    most == 1 ? ways + (least == 0 ? 1 : 0) : all,
                    failures,
                    size * Math.max(most, 1));
        }

        private Shape bounded() {
            if (ways > MAX_WAYS || failures > MAX_FAILURES || size > MAX_SIZE) {
                throw new Refused("tries too much before it fails");
            }
            return this;
        }
    }

    /** Why an expression is not taken. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String reason) {
            super(reason);
        }
    }

    /** @throws Refused when the engine could take too long for it, or for what this does not read */
    static Shape of(String pattern) {
        if (pattern.length() > MAX_LENGTH) {
            throw new Refused("has more than " + MAX_LENGTH + " characters");
        }
        PatternCost parser = new PatternCost(pattern);
        Shape shape = parser.alternatives();
        if (parser.position < pattern.length()) {
            throw new Refused("has a ')' too many");
        }
        return shape.bounded();
    }

    private boolean ends() {
        return position >= pattern.length();
    }

    private boolean skip(String text) {
        boolean found = pattern.startsWith(text, position);
        position += found ? text.length() : 0;
        return found;
    }

    private char next() {
        if (ends()) {
            throw new Refused("ends too early");
        }
        return pattern.charAt(position++);
    }

    private Shape alternatives() {
        if (++depth > MAX_DEPTH) {
            throw new Refused("is nested more than " + MAX_DEPTH + " deep");
        }
        Shape all = sequence();
        while (skip("|")) {
            all = all.or(sequence()).bounded();
        }
        depth--;
        return all;
    }

    private Shape sequence() {
        Shape all = Shape.EMPTY;
        while (!ends() && pattern.charAt(position) != '|' && pattern.charAt(position) != ')') {
            all = all.then(quantified(atom())).bounded();
        }
        return all;
    }

    private Shape quantified(Shape atom) {
        Shape shape = atom;
        while (!ends()) {
            int from = position;
            int least;
            int most;
            if (skip("*")) {
                least = 0;
                most = Integer.MAX_VALUE;
            } else if (skip("+")) {
                least = 1;
                most = Integer.MAX_VALUE;
            } else if (skip("?")) {
                least = 0;
                most = 1;
            } else {
                String[] bounds = interval();
                if (bounds.length == 0) {
                    return shape;
                }
                least = bounds[0].isEmpty() ? 0 : Integer.parseInt(bounds[0]);
                most = bounds[1].isEmpty() ? Integer.MAX_VALUE : Integer.parseInt(bounds[1]);
                if (most < least || most == 0) {
                    throw new Refused("has the quantifier " + pattern.substring(from, position));
                }
            }
            shape = shape.times(least, most).bounded();
            if (!skip("?")) {
                skip("+"); // possessive or, behind braces, once more: neither makes it match in more ways
            }
        }
        return shape;
    }

    /** {@code {n}}, {@code {n,}}, {@code {,m}} or {@code {n,m}} as two texts; none where a brace stands for itself. */
    private String[] interval() {
        int end = pattern.indexOf('}', position);
        if (!pattern.startsWith("{", position) || end < 0) {
            return new String[0];
        }
        String inner = pattern.substring(position + 1, end);
        if (!inner.matches("\\d{1,4}(,\\d{0,4})?|,\\d{1,4}")) {
            return new String[0];
        }
        position = end + 1;
        int comma = inner.indexOf(',');
        return comma < 0
                ? new String[] {inner, inner}
                : new String[] {inner.substring(0, comma), inner.substring(comma + 1)};
    }

    private Shape atom() {
        char c = next();
        return switch (c) {
            case '(' -> group();
            case '[' -> {
                characterClass();
                yield Shape.CHARACTER;
            }
            case '\\' -> escape();
            case '^', '$' -> Shape.ASSERTION;
            case '*', '+', '?' -> throw new Refused("has a quantifier without anything before it");
            default -> Shape.CHARACTER;
        };
    }

    private Shape group() {
        if (skip("?#") || skip("?~") || skip("?(") || skip("?{") || skip("*")) {
            throw new Refused("has a construct that is not supported");
        }
        boolean assertion = skip("?=") || skip("?!") || skip("?<=") || skip("?<!");
        if (!assertion && skip("?")) {
            if (skip("<") || skip("'")) {
                while (">'".indexOf(next()) < 0) {
                    // the name of a group
                }
            } else if (!skip(":") && !skip(">")) {
                char option = next();
                while (option != ':' && option != ')') {
                    if ("imxaDSWP-".indexOf(option) < 0) {
                        throw new Refused("has a construct that is not supported");
                    }
                    option = next();
                }
                if (option == ')') {
                    return Shape.EMPTY;
                }
            }
        }
        Shape inner = alternatives();
        if (!skip(")")) {
            throw new Refused("has a '(' too many");
        }
        return assertion
                ? new Shape(true, false, 0, 1, inner.failures + (inner.unbounded > 0 ? inner.ways : 0), inner.size + 1)
                : inner;
    }

    private Shape escape() {
        char c = next();
        if (c >= '1' && c <= '9' || "kgKXyYN".indexOf(c) >= 0) {
            throw new Refused("has a construct that is not supported");
        }
        if (("pPx".indexOf(c) >= 0) && skip("{")) {
            while (next() != '}') {
                // the name of a property, or a code point
            }
        } else if (c == 'x' || c == 'u') {
            position = Math.min(pattern.length(), position + (c == 'x' ? 2 : 4));
        }
        return "bBAzZG".indexOf(c) >= 0 ? Shape.ASSERTION : Shape.CHARACTER;
    }

    private void characterClass() {
        if (++depth > MAX_DEPTH) {
            throw new Refused("is nested more than " + MAX_DEPTH + " deep");
        }
        skip("^");
        boolean first = true;
        char c = next();
        while (c != ']' || first) {
            first = false;
            if (c == '\\') {
                next();
            } else if (c == '[') {
                characterClass();
            }
            c = next();
        }
        depth--;
    }
}
