package dev.flipside.text.jinja;

import dev.flipside.text.jinja.Token.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What stands in tags, with Jinja's precedence, from loosest to tightest: {@code if else}, {@code or}, {@code and}, {@code not}, comparisons, {@code + -}, {@code ~},
 * {@code * / // %}, {@code **}, signs, {@code . [] ()}, and {@code |} and {@code is} on what was just read.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NO_TEST_ARGUMENT = Set.of("else", "or", "and");

    private final List<Token> tokens;
    private int position;
    private Set<String> namesRead = new TreeSet<>();

    ExpressionParser(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(position);
    }

    Token next() {
        return tokens.get(position++);
    }

    boolean skipName(String name) {
        return skipIf(current().isName(name));
    }

    boolean skipOperator(String operator) {
        return skipIf(current().isOperator(operator));
    }

    private boolean skipIf(boolean found) {
        position += found ? 1 : 0;
        return found;
    }

    Token expect(Type type) {
        if (current().type() != type) {
            throw unexpected("a " + type.name().toLowerCase(java.util.Locale.ROOT));
        }
        return next();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    TemplateException unexpected(String wanted) {
        return error("expected " + wanted + ", got " + current().shown());
    }

    TemplateException error(String message) {
        return TemplateException.of(message).at(current().line());
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
            if (!skipOperator(",")) {
                break;
            }
            comma = true;
        }
        if (items.isEmpty()) {
            throw unexpected("an expression");
        }
        return comma ? new Expression.TupleOf(items) : items.get(0);
    }

    private boolean tupleEnds() {
        Token token = current();
        return token.type() == Type.OUTPUT_END
                || token.type() == Type.BLOCK_END
                || token.isOperator(")")
                || token.isName("recursive");
    }

    Expression expression() {
        Expression value = or();
        while (skipName("if")) {
            Expression test = or();
            Expression otherwise = skipName("else") ? expression() : Expression.Constant.MISSING_ELSE;
            value = new Expression.Conditional(test, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (skipName("or")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (skipName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        return skipName("not") ? new Expression.Not(not()) : comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<Expression.Comparison.Operand> operands = new ArrayList<>();
        while (true) {
            Token token = current();
            if (token.type() == Type.OPERATOR && COMPARISONS.contains(token.text())) {
                next();
                operands.add(new Expression.Comparison.Operand(token.text(), sum()));
            } else if (skipName("in")) {
                operands.add(new Expression.Comparison.Operand("in", sum()));
            } else if (token.isName("not") && tokens.get(position + 1).isName("in")) {
                position += 2;
                operands.add(new Expression.Comparison.Operand("not in", sum()));
            } else {
                return operands.isEmpty() ? first : new Expression.Comparison(first, operands);
            }
        }
    }

    private Expression sum() {
        Expression left = concatenation();
        while (current().isOperator("+") || current().isOperator("-")) {
            left = new Expression.Binary(next().text(), left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Concatenation(parts);
    }

    private Expression product() {
        Expression left = power();
        while (current().type() == Type.OPERATOR
                && Set.of("*", "/", "//", "%").contains(current().text())) {
            left = new Expression.Binary(next().text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (skipOperator("**")) {
            Expression right = unary(true);
            // Jinja2 computes (-2) ** 2 when it folds constants and -(2 ** x) when it cannot.
            if (left instanceof Expression.Sign && !(right instanceof Expression.Constant)) {
                throw error("'**' after a sign is not supported: put the signed number in a variable");
            }
            left = new Expression.Binary("**", left, right);
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (current().isOperator("-") || current().isOperator("+")) {
            String sign = next().text();
            value = new Expression.Sign(sign, unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = next();
        switch (token.type()) {
            case NAME:
                return name(token.text());
            case STRING:
                StringBuilder text = new StringBuilder(token.text());
                while (current().type() == Type.STRING) {
                    text.append(next().text());
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
        position--;
        throw unexpected("an expression");
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
        String digits = token.text().replace("_", "").toLowerCase(java.util.Locale.ROOT);
        int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        BigInteger value = new BigInteger(radix == 10 ? digits : digits.substring(2), radix);
        try {
            return value.longValueExact();
        } catch (ArithmeticException e) {
            position--;
            throw error("the number " + token.text() + " has more than 64 bits, which is not supported");
        }
    }

    private Expression parenthesised() {
        if (skipOperator(")")) {
            return new Expression.TupleOf(List.of());
        }
        Expression inner = tuple(true);
        expectOperator(")");
        return inner;
    }

    private List<Expression> items(String end) {
        List<Expression> items = new ArrayList<>();
        while (!skipOperator(end)) {
            if (!items.isEmpty()) {
                expectOperator(",");
                if (skipOperator(end)) {
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
        while (!skipOperator("}")) {
            if (!keys.isEmpty()) {
                expectOperator(",");
                if (skipOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            expectOperator(":");
            values.add(expression());
        }
        return new Expression.DictOf(keys, values);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (skipOperator(".")) {
                value = afterDot(value);
            } else if (skipOperator("[")) {
                value = subscript(value);
            } else if (current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression afterDot(Expression value) {
        Token token = current();
        if (token.type() == Type.NAME) {
            return new Expression.Attribute(value, next().text());
        }
        if (token.type() == Type.INTEGER) {
            return new Expression.Item(value, new Expression.Constant(integer(next())));
        }
        throw unexpected("a name or a number");
    }

    private Expression subscript(Expression value) {
        Expression start = sliceEnds() ? null : expression();
        if (!current().isOperator(":")) {
            if (start == null || current().isOperator(",")) {
                throw unexpected("one subscript and ']'");
            }
            expectOperator("]");
            return new Expression.Item(value, start);
        }
        Expression[] bounds = {start, null, null};
        for (int i = 1; i < 3 && skipOperator(":"); i++) {
            bounds[i] = sliceEnds() ? null : expression();
        }
        expectOperator("]");
        return new Expression.Slice(value, orNone(bounds[0]), orNone(bounds[1]), orNone(bounds[2]));
    }

    private boolean sliceEnds() {
        return current().isOperator(":") || current().isOperator("]");
    }

    private static Expression orNone(Expression bound) {
        return bound == null ? new Expression.Constant(None.NONE) : bound;
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (skipOperator("|")) {
                value = filter(value);
            } else if (skipName("is")) {
                value = test(value);
            } else if (current().isOperator("(")) {
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
        boolean negated = skipName("not");
        String name = dottedName();
        Expression.ArgumentList arguments = argumentsOrNone();
        if (arguments == Expression.ArgumentList.NONE && testArgumentFollows()) {
            if (current().isName("is")) {
                throw error("tests cannot be chained with 'is'");
            }
            arguments = new Expression.ArgumentList(List.of(postfix(primary())), Map.of());
        }
        Expression test = new Expression.Test(value, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private boolean testArgumentFollows() {
        Token token = current();
        return switch (token.type()) {
            case NAME -> !NO_TEST_ARGUMENT.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> Set.of("(", "[", "{").contains(token.text());
            default -> false;
        };
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(expect(Type.NAME).text());
        while (skipOperator(".")) {
            name.append('.').append(expect(Type.NAME).text());
        }
        return name.toString();
    }

    private Expression.ArgumentList argumentsOrNone() {
        return current().isOperator("(") ? arguments() : Expression.ArgumentList.NONE;
    }

    private Expression.ArgumentList arguments() {
        expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!skipOperator(")")) {
            if (!positional.isEmpty() || !named.isEmpty()) {
                expectOperator(",");
                if (skipOperator(")")) {
                    break;
                }
            }
            if (current().isOperator("*") || current().isOperator("**")) {
                throw error("unpacking arguments with '" + current().text() + "' is not supported");
            }
            if (current().type() == Type.NAME && tokens.get(position + 1).isOperator("=")) {
                String name = next().text();
                next();
                if (named.put(name, expression()) != null) {
                    throw error("the argument '" + name + "' is given twice");
                }
            } else if (named.isEmpty()) {
                positional.add(expression());
            } else {
                throw error("an argument without a name follows one with a name");
            }
        }
        return new Expression.ArgumentList(positional, named);
    }
}
