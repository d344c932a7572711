package dev.flipside.text.jinja;

import dev.flipside.text.jinja.Token.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What stands in tags, with Jinja's precedence, from loosest to tightest: {@code if else}, {@code or}, {@code and},
 * {@code not}, comparisons, {@code + -}, {@code ~}, {@code * / // %}, {@code **}, signs, {@code . [] ()}, and {@code |}
 * and {@code is} on what was just read.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NO_TEST_ARGUMENT = Set.of("else", "or", "and");

    private final TokenStream tokens;
    private Set<String> namesRead = new TreeSet<>();

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** Starts to collect the names that are read, and gives those collected before; see {@link #namesRead}. */
    Set<String> collectNames(Set<String> into) {
        Set<String> before = namesRead;
        namesRead = into;
        return before;
    }

    /** An expression or, with commas, a tuple of them. */
    Expression tuple(boolean withConditional) {
        List<Expression> items = new ArrayList<>();
        boolean comma = false;
        while (!tupleEnds()) {
            items.add(withConditional ? expression() : or());
            if (!tokens.skipOperator(",")) {
                break;
            }
            comma = true;
        }
        if (items.isEmpty()) {
            throw tokens.unexpected("an expression");
        }
        return comma ? new Expression.TupleOf(items) : items.get(0);
    }

    private boolean tupleEnds() {
        Token token = tokens.current();
        return token.type() == Type.OUTPUT_END
                || token.type() == Type.BLOCK_END
                || token.isOperator(")")
                || token.isName("recursive");
    }

    Expression expression() {
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression test = or();
            Expression otherwise = tokens.skipName("else") ? expression() : Expression.Constant.MISSING_ELSE;
            value = new Expression.Conditional(test, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        return tokens.skipName("not") ? new Expression.Not(not()) : comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<Expression.Comparison.Operand> operands = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (token.type() == Type.OPERATOR && COMPARISONS.contains(token.text())) {
                tokens.next();
                operands.add(new Expression.Comparison.Operand(token.text(), sum()));
            } else if (tokens.skipName("in")) {
                operands.add(new Expression.Comparison.Operand("in", sum()));
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                operands.add(new Expression.Comparison.Operand("not in", sum()));
            } else {
                return operands.isEmpty() ? first : new Expression.Comparison(first, operands);
            }
        }
    }

    private Expression sum() {
        Expression left = concatenation();
        while (tokens.current().isOperator("+") || tokens.current().isOperator("-")) {
            left = new Expression.Binary(tokens.next().text(), left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Concatenation(parts);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.current().type() == Type.OPERATOR
                && Set.of("*", "/", "//", "%").contains(tokens.current().text())) {
            left = new Expression.Binary(tokens.next().text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.skipOperator("**")) {
            Expression right = unary(true);
            // Jinja2 computes (-2) ** 2 when it folds constants and -(2 ** x) when it cannot.
            if (left instanceof Expression.Sign && !(right instanceof Expression.Constant)) {
                throw tokens.error("'**' after a sign is not supported: put the signed number in a variable");
            }
            left = new Expression.Binary("**", left, right);
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (tokens.current().isOperator("-") || tokens.current().isOperator("+")) {
            String sign = tokens.next().text();
            value = new Expression.Sign(sign, unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        switch (token.type()) {
            case NAME:
                return name(token.text());
            case STRING:
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.current().type() == Type.STRING) {
                    text.append(tokens.next().text());
                }
                return new Expression.Constant(text.toString());
            case INTEGER:
                return new Expression.Constant(integer(token));
            case FLOAT:
                return new Expression.Constant(Double.parseDouble(token.text().replace("_", "")));
            case OPERATOR:
                if (token.text().equals("(")) {
                    return parenthesised();
                } else if (token.text().equals("[")) {
                    return new Expression.ListOf(items("]"));
                } else if (token.text().equals("{")) {
                    return dict();
                }
                break;
            default:
                break;
        }
        tokens.back();
        throw tokens.unexpected("an expression");
    }

    private Expression name(String name) {
        switch (name) {
            case "true", "True":
                return new Expression.Constant(true);
            case "false", "False":
                return new Expression.Constant(false);
            case "none", "None":
                return new Expression.Constant(None.NONE);
            default:
                namesRead.add(name);
                return new Expression.Name(name);
        }
    }

    private Long integer(Token token) {
        String digits = token.text().replace("_", "").toLowerCase(Locale.ROOT);
        int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        BigInteger value = new BigInteger(radix == 10 ? digits : digits.substring(2), radix);
        try {
            return value.longValueExact();
        } catch (ArithmeticException e) {
            tokens.back();
            throw tokens.error("the number " + token.text() + " has more than 64 bits, which is not supported");
        }
    }

    private Expression parenthesised() {
        if (tokens.skipOperator(")")) {
            return new Expression.TupleOf(List.of());
        }
        Expression inner = tuple(true);
        tokens.expectOperator(")");
        return inner;
    }

    private List<Expression> items(String end) {
        List<Expression> items = new ArrayList<>();
        while (!tokens.skipOperator(end)) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(end)) {
                    break;
                }
            }
            items.add(expression());
        }
        return items;
    }

    private Expression dict() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.skipOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            tokens.expectOperator(":");
            values.add(expression());
        }
        return new Expression.DictOf(keys, values);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator(".")) {
                value = afterDot(value);
            } else if (tokens.skipOperator("[")) {
                value = subscript(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression afterDot(Expression value) {
        Token token = tokens.current();
        if (token.type() == Type.NAME) {
            return new Expression.Attribute(value, tokens.next().text());
        }
        if (token.type() == Type.INTEGER) {
            return new Expression.Item(value, new Expression.Constant(integer(tokens.next())));
        }
        throw tokens.unexpected("a name or a number");
    }

    private Expression subscript(Expression value) {
        Expression start = sliceEnds() ? null : expression();
        if (!tokens.current().isOperator(":")) {
            if (start == null || tokens.current().isOperator(",")) {
                throw tokens.unexpected("one subscript and ']'");
            }
            tokens.expectOperator("]");
            return new Expression.Item(value, start);
        }
        Expression[] bounds = {start, null, null};
        for (int i = 1; i < 3 && tokens.skipOperator(":"); i++) {
            bounds[i] = sliceEnds() ? null : expression();
        }
        tokens.expectOperator("]");
        return new Expression.Slice(value, orNone(bounds[0]), orNone(bounds[1]), orNone(bounds[2]));
    }

    private boolean sliceEnds() {
        return tokens.current().isOperator(":") || tokens.current().isOperator("]");
    }

    private static Expression orNone(Expression bound) {
        return bound == null ? new Expression.Constant(None.NONE) : bound;
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator("|")) {
                value = filter(value);
            } else if (tokens.skipName("is")) {
                value = test(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    /** The filter whose name comes next, and those that follow it. */
    Expression filterChain(Expression value) {
        return filters(filter(value));
    }

    private Expression filter(Expression value) {
        String name = dottedName();
        return new Expression.Filter(value, name, argumentsOrNone());
    }

    private Expression test(Expression value) {
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        Expression.ArgumentList arguments = argumentsOrNone();
        if (arguments == Expression.ArgumentList.NONE && testArgumentFollows()) {
            if (tokens.current().isName("is")) {
                throw tokens.error("tests cannot be chained with 'is'");
            }
            arguments = new Expression.ArgumentList(List.of(postfix(primary())), Map.of());
        }
        Expression test = new Expression.Test(value, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private boolean testArgumentFollows() {
        Token token = tokens.current();
        return switch (token.type()) {
            case NAME -> !NO_TEST_ARGUMENT.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> Set.of("(", "[", "{").contains(token.text());
            default -> false;
        };
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expect(Type.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Type.NAME).text());
        }
        return name.toString();
    }

    private Expression.ArgumentList argumentsOrNone() {
        return tokens.current().isOperator("(") ? arguments() : Expression.ArgumentList.NONE;
    }

    private Expression.ArgumentList arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!tokens.skipOperator(")")) {
            if (!positional.isEmpty() || !named.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(")")) {
                    break;
                }
            }
            if (tokens.current().isOperator("*") || tokens.current().isOperator("**")) {
                throw tokens.error(
                        "unpacking arguments with '" + tokens.current().text() + "' is not supported");
            }
            if (tokens.current().type() == Type.NAME && tokens.following().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                if (named.put(name, expression()) != null) {
                    throw tokens.error("the argument '" + name + "' is given twice");
                }
            } else if (named.isEmpty()) {
                positional.add(expression());
            } else {
                throw tokens.error("an argument without a name follows one with a name");
            }
        }
        return new Expression.ArgumentList(positional, named);
    }
}
