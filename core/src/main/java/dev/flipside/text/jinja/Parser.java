package dev.flipside.text.jinja;

import dev.flipside.text.jinja.Token.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Builds the statements of a template. */
final class Parser {
    /** Tags of Jinja2 that a chat template has no use for: they are refused by name. */
    private static final Set<String> REFUSED =
            Set.of("include", "import", "from", "extends", "block", "autoescape", "trans");

    private final TokenStream tokens;
    private final ExpressionParser code;
    private int loops;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.code = new ExpressionParser(tokens);
    }

    /** @throws TemplateException where the template is not Jinja, or uses a tag that is not supported */
    static Template parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        Set<String> names = new TreeSet<>();
        parser.code.collectNames(names);
        return new Template(parser.body("the template", Set.of()), names);
    }

    /** Statements up to one of some closing tags, whose name is then the current token. */
    private List<Statement> body(String opener, Set<String> ends) {
        int line = tokens.current().line();
        List<Statement> statements = new ArrayList<>();
        while (tokens.current().type() != Type.END) {
            Token token = tokens.next();
            switch (token.type()) {
                case DATA -> statements.add(new Statement.Data(token.line(), token.text()));
                case OUTPUT_BEGIN -> {
                    statements.add(new Statement.Print(token.line(), printed(code.tuple(true))));
                    tokens.expect(Type.OUTPUT_END);
                }
                default -> {
                    if (tokens.current().type() == Type.NAME
                            && ends.contains(tokens.current().text())) {
                        return statements;
                    }
                    statements.add(statement(token.line()));
                }
            }
        }
        if (!ends.isEmpty()) {
            throw TemplateException.of("'" + opener + "' does not end: '" + String.join("' or '", new TreeSet<>(ends))
                            + "' is missing")
                    .at(line);
        }
        return statements;
    }

    /**
     * {@code safe} as the last filter does nothing; the text it marks behaves unlike other text only where it is joined
     * to some.
     */
    private static Expression printed(Expression value) {
        boolean marked = value instanceof Expression.Filter filter
                && filter.name().equals("safe")
                && filter.arguments() == Expression.ArgumentList.NONE;
        return marked ? ((Expression.Filter) value).target() : value;
    }

    private Statement statement(int line) {
        Token tag = tokens.expect(Type.NAME);
        Statement statement =
                switch (tag.text()) {
                    case "if" -> branches(line);
                    case "for" -> loop(line);
                    case "set" -> set(line);
                    case "macro" -> macro(line);
                    case "call" -> callBlock(line);
                    case "filter" -> filterBlock(line);
                    case "with" -> with(line);
                    case "generation" -> generation(line);
                    case "break" -> jump(line, Statement.Flow.BREAK);
                    case "continue" -> jump(line, Statement.Flow.CONTINUE);
                    case "print" -> new Statement.Print(line, printed(code.tuple(true)));
                    default ->
                        throw TemplateException.of("the tag '" + tag.text() + "' "
                                        + (REFUSED.contains(tag.text())
                                                ? "is not supported in a chat template"
                                                : "is not known here"))
                                .at(line);
                };
        tokens.expect(Type.BLOCK_END);
        return statement;
    }

    private List<Statement> closed(String opener, String end) {
        tokens.skipOperator(":");
        tokens.expect(Type.BLOCK_END);
        List<Statement> body = body(opener, Set.of(end));
        tokens.expectName(end);
        return body;
    }

    private Statement branches(int line) {
        List<Expression> tests = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        do {
            tests.add(code.tuple(false));
            tokens.skipOperator(":");
            tokens.expect(Type.BLOCK_END);
            bodies.add(body("if", Set.of("elif", "else", "endif")));
        } while (tokens.skipName("elif"));
        if (tokens.skipName("else")) {
            otherwise = closed("if", "endif");
        } else {
            tokens.expectName("endif");
        }
        return new Statement.If(line, tests, bodies, otherwise);
    }

    private Statement loop(int line) {
        Target target = targets(false);
        tokens.expectName("in");
        Expression items = code.tuple(false);
        Optional<Expression> test = tokens.skipName("if") ? Optional.of(code.expression()) : Optional.empty();
        if (tokens.current().isName("recursive")) {
            throw tokens.error("a recursive 'for' is not supported");
        }
        tokens.skipOperator(":");
        tokens.expect(Type.BLOCK_END);
        loops++;
        List<Statement> body = body("for", Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = List.of();
        if (tokens.skipName("else")) {
            otherwise = closed("for", "endfor");
        } else {
            tokens.expectName("endfor");
        }
        return new Statement.For(line, target, items, test, body, otherwise);
    }

    private Statement jump(int line, Statement.Flow flow) {
        if (loops == 0) {
            throw TemplateException.of("'break' and 'continue' need a 'for' around them")
                    .at(line);
        }
        return new Statement.Jump(line, flow);
    }

    private Target targets(boolean withNamespace) {
        List<Target> targets = new ArrayList<>();
        boolean comma;
        do {
            targets.add(target(withNamespace));
            comma = tokens.skipOperator(",");
        } while (comma
                && !tokens.current().isName("in")
                && !tokens.current().isOperator("=")
                && !tokens.current().isOperator(")"));
        return targets.size() == 1 && !comma ? targets.get(0) : new Target.Several(targets);
    }

    private Target target(boolean withNamespace) {
        if (tokens.skipOperator("(")) {
            Target inner = targets(withNamespace);
            tokens.expectOperator(")");
            return inner;
        }
        String name = assignable();
        return withNamespace && tokens.skipOperator(".")
                ? new Target.NamespaceAttribute(name, tokens.expect(Type.NAME).text())
                : new Target.Variable(name);
    }

    private String assignable() {
        Token name = tokens.current();
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())
                || name.type() != Type.NAME) {
            throw tokens.error("cannot assign to " + name.shown());
        }
        return tokens.next().text();
    }

    private Statement set(int line) {
        Target target = targets(true);
        if (tokens.skipOperator("=")) {
            return new Statement.Set(line, target, code.tuple(true));
        }
        Expression filtered = new Expression.Name(Statement.BODY);
        while (tokens.skipOperator("|")) {
            filtered = code.filterChain(filtered);
        }
        return new Statement.SetBlock(line, target, filtered, scoped("set", "endset"));
    }

    /** A body whose {@code break} would leave the block, which is no part of the loop around it. */
    private List<Statement> scoped(String opener, String end) {
        int around = loops;
        loops = 0;
        List<Statement> body = closed(opener, end);
        loops = around;
        return body;
    }

    private Statement macro(int line) {
        String name = assignable();
        return new Statement.Define(line, definition(name, "macro", "endmacro"));
    }

    /** Parameters, if any, and a body; between them, for a call block, stands the call. */
    private Macro.Definition definition(String name, String opener, String end) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        parameters(parameters, defaults);
        return withBody(name, parameters, defaults, opener, end);
    }

    private Macro.Definition withBody(
            String name, List<String> parameters, List<Expression> defaults, String opener, String end) {
        Set<String> read = new TreeSet<>();
        Set<String> before = code.collectNames(read);
        List<Statement> body = scoped(opener, end);
        code.collectNames(before);
        before.addAll(read);
        return new Macro.Definition(name, parameters, defaults, body, read);
    }

    private void parameters(List<String> parameters, List<Expression> defaults) {
        tokens.expectOperator("(");
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters.add(assignable());
            if (tokens.skipOperator("=")) {
                defaults.add(code.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("a parameter without a default follows one with a default");
            }
        }
    }

    private Statement callBlock(int line) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        if (tokens.current().isOperator("(")) {
            parameters(parameters, defaults);
        }
        if (!(code.expression() instanceof Expression.Call call)) {
            throw tokens.error("'call' needs a call of a macro");
        }
        return new Statement.CallBlock(line, call, withBody("caller", parameters, defaults, "call", "endcall"));
    }

    private Statement filterBlock(int line) {
        Expression filtered = code.filterChain(new Expression.Name(Statement.BODY));
        return new Statement.FilterBlock(line, filtered, scoped("filter", "endfilter"));
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.current().type() != Type.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(target(false));
            tokens.expectOperator("=");
            values.add(code.expression());
        }
        return new Statement.With(line, targets, values, closed("with", "endwith"));
    }

    /** Marks what the model wrote, for loss masks; it changes no text. */
    private Statement generation(int line) {
        return new Statement.With(line, List.of(), List.of(), scoped("generation", "endgeneration"));
    }
}
