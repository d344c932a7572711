package dev.flipside.text.jinja;

import dev.flipside.text.jinja.Token.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens and settles the white space between tags: {@code trim_blocks} takes the line break after
 * a block or comment, {@code lstrip_blocks} the indentation before one that begins its line, {@code -} all white space
 * on its side, and {@code +} keeps what these would take. One line break at the end of the template is dropped.
 */
final class Lexer {
    private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+\\-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final Pattern NAME = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");
    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_RAW =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    /** @throws TemplateException at what is no token, and where a tag, comment or string does not end */
    static List<Token> tokens(String template) {
        String lines = NEWLINE.matcher(template).replaceAll("\n");
        return new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines).scan();
    }

    private List<Token> scan() {
        while (position < source.length()) {
            boolean startsLine = position == 0 || source.charAt(position - 1) == '\n';
            int open = nextTag();
            String text = source.substring(position, open);
            if (open == source.length()) {
                addData(text);
                position = open;
                break;
            }
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            char kind = source.charAt(open + 1);
            addData(leftOfTag(text, sign, kind != '{', startsLine));
            tag(open, kind, open + (signed ? 3 : 2));
        }
        add(Type.END, "", source.length());
        return tokens;
    }

    private int nextTag() {
        for (int i = source.indexOf('{', position); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    private static String leftOfTag(String text, char sign, boolean block, boolean startsLine) {
        if (sign == '-') {
            return Text.stripRight(text);
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean indentation =
                sign != '+' && block && (lineStart > 0 || startsLine) && Text.isBlank(text.substring(lineStart));
        return indentation ? text.substring(0, lineStart) : text;
    }

    private void tag(int open, char kind, int inner) {
        Matcher raw = RAW.matcher(source).region(open, source.length());
        if (kind == '#') {
            comment(open, inner);
        } else if (kind == '%' && raw.lookingAt()) {
            raw(open, raw);
        } else {
            boolean block = kind == '%';
            add(block ? Type.BLOCK_BEGIN : Type.OUTPUT_BEGIN, "", open);
            position = inner;
            code(open, block);
        }
    }

    private void comment(int open, int inner) {
        int end = source.indexOf("#}", inner);
        if (end < 0) {
            throw error(open, "a comment does not end: '#}' is missing");
        }
        closeBlock(end > inner ? source.charAt(end - 1) : ' ', end + 2);
    }

    /** Moves behind a block, a comment or the end of raw text, and over the white space that goes with it. */
    private void closeBlock(char sign, int after) {
        position = after;
        if (sign == '-') {
            skipSpace();
        } else if (sign != '+' && position < source.length() && source.charAt(position) == '\n') {
            position++;
        }
    }

    private void raw(int open, Matcher raw) {
        position = raw.end();
        if (raw.group(1).equals("-")) {
            skipSpace();
        }
        Matcher end = END_RAW.matcher(source);
        if (!end.find(position)) {
            throw error(open, "'raw' does not end: 'endraw' is missing");
        }
        boolean startsLine = source.charAt(position - 1) == '\n';
        String text = source.substring(position, end.start());
        addData(leftOfTag(text, end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0), true, startsLine));
        closeBlock(end.group(2).isEmpty() ? ' ' : end.group(2).charAt(0), end.end());
    }

    private void skipSpace() {
        while (position < source.length() && Text.isSpace(source.charAt(position))) {
            position++;
        }
    }

    private void code(int open, boolean block) {
        Deque<Character> brackets = new ArrayDeque<>();
        while (position < source.length()) {
            if (brackets.isEmpty() && closed(block)) {
                return;
            }
            char c = source.charAt(position);
            if (Text.isSpace(c)) {
                skipSpace();
            } else if (c == '\'' || c == '"') {
                string(c);
            } else if (!matched(FLOAT, Type.FLOAT) && !matched(INTEGER, Type.INTEGER) && !matched(NAME, Type.NAME)) {
                operator(brackets);
            }
        }
        throw error(
                open, block ? "a block does not end: '%}' is missing" : "an expression does not end: '}}' is missing");
    }

    private boolean closed(boolean block) {
        String end = block ? "%}" : "}}";
        char c = source.charAt(position);
        boolean signed = c == '-' || block && c == '+';
        int at = signed ? position + 1 : position;
        if (!source.startsWith(end, at)) {
            return false;
        }
        add(block ? Type.BLOCK_END : Type.OUTPUT_END, "", position);
        if (block) {
            closeBlock(signed ? c : ' ', at + 2);
        } else {
            position = at + 2;
            if (signed) {
                skipSpace();
            }
        }
        return true;
    }

    private boolean matched(Pattern pattern, Type type) {
        Matcher matcher =
                pattern.matcher(source).region(position, source.length()).useTransparentBounds(true);
        if (!matcher.lookingAt()) {
            return false;
        }
        add(type, matcher.group(), position);
        position = matcher.end();
        return true;
    }

    private void operator(Deque<Character> brackets) {
        Matcher matcher = OPERATOR.matcher(source).region(position, source.length());
        if (!matcher.lookingAt()) {
            throw error(position, "unexpected character '" + Character.toString(source.codePointAt(position)) + "'");
        }
        String operator = matcher.group();
        char c = operator.charAt(0);
        int opener = "([{".indexOf(c);
        if (opener >= 0) {
            brackets.push(")]}".charAt(opener));
        } else if (")]}".indexOf(c) >= 0 && (brackets.isEmpty() || brackets.pop() != c)) {
            throw error(position, "unexpected '" + operator + "'");
        }
        add(Type.OPERATOR, operator, position);
        position = matcher.end();
    }

    private void string(char quote) {
        int end = position + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw error(position, "a string does not end: " + quote + " is missing");
        }
        String literal = source.substring(position + 1, end);
        add(Type.STRING, literal.indexOf('\\') < 0 ? literal : unescaped(literal), position);
        position = end + 1;
    }

    private String unescaped(String literal) {
        StringBuilder out = new StringBuilder(literal.length());
        int i = 0;
        while (i < literal.length()) {
            char c = literal.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char code = literal.charAt(i++);
            int simple = "abfnrtv\\'\"\n".indexOf(code);
            int digits = code == 'x' ? 2 : code == 'u' ? 4 : code == 'U' ? 8 : 0;
            if (simple >= 0) {
                out.append(code == '\n' ? "" : String.valueOf("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple)));
            } else if (code >= '0' && code <= '7') {
                int start = i - 1;
                while (i < literal.length() && i < start + 3 && literal.charAt(i) >= '0' && literal.charAt(i) <= '7') {
                    i++;
                }
                out.append((char) Integer.parseInt(literal.substring(start, i), 8));
            } else if (digits > 0) {
                out.appendCodePoint(codePoint(literal, i, digits));
                i += digits;
            } else if (code == 'N') {
                throw error(position, "the escape '\\N' is not supported");
            } else {
                out.append('\\').append(code);
            }
        }
        return out.toString();
    }

    private int codePoint(String literal, int start, int digits) {
        String hex = literal.substring(start, Math.min(start + digits, literal.length()));
        if (!hex.matches("[0-9a-fA-F]{" + digits + "}")
                || !Character.isValidCodePoint(Integer.parseUnsignedInt(hex, 16))) {
            throw error(position, "a string has a broken escape of a character");
        }
        return Integer.parseUnsignedInt(hex, 16);
    }

    private void addData(String text) {
        if (!text.isEmpty()) {
            add(Type.DATA, text, position);
        }
    }

    private void add(Type type, String text, int at) {
        tokens.add(new Token(type, text, lineOf(at)));
    }

    private int lineOf(int at) {
        for (; counted < at; counted++) {
            line += source.charAt(counted) == '\n' ? 1 : 0;
        }
        return line;
    }

    private TemplateException error(int at, String message) {
        return TemplateException.of(message).at(lineOf(at));
    }
}
