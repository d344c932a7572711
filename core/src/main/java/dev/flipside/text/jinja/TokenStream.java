package dev.flipside.text.jinja;

import dev.flipside.config.Spelling;
import dev.flipside.text.jinja.Token.Type;
import java.util.List;

/** Tokens as parsers read them: one at a time, with a look at the next. */
final class TokenStream {
    private final List<Token> tokens;
    private int position;

    /** @param tokens the last of which is the end */
    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(position);
    }

    /** The token behind the current one. */
    Token following() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    /** The current token, and moves on. */
    Token next() {
        return tokens.get(position++);
    }

    /** Takes the last {@link #next} back. */
    void back() {
        position--;
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
            throw unexpected("a " + Spelling.of(type).replace('_', ' '));
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

    /** An error at the current token. */
    TemplateException error(String message) {
        return TemplateException.of(message).at(current().line());
    }
}
