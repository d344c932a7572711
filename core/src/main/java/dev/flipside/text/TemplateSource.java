package dev.flipside.text;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A chat template's Jinja made ready for jinjava: {@code name[::-1]}, which jinjava cannot parse, becomes {@code (name|reverse)}; the keyword arguments of
 * {@code namespace(n=a - 1)}, of which jinjava takes {@code n=a} for the first operand, get parentheses; and the filters and tests it uses are listed, because jinjava renders an unknown one as empty text instead of failing. Only code is looked at, never string literals or the text
 * between tags.
 *
 * @param jinja the template to render
 * @param filters names after {@code |}
 * @param tests names after {@code is} and {@code is not}
 */
record TemplateSource(String jinja, Set<String> filters, Set<String> tests) {
    private static final Pattern REVERSED = Pattern.compile("([A-Za-z_][\\w.]*)\\[\\s*::\\s*-1\\s*\\]");
    private static final Pattern NAMESPACE = Pattern.compile("\\bnamespace\\(([^()]*)\\)");
    private static final Pattern KEYWORD_ARGUMENT = Pattern.compile("(\\w+\\s*=)([^,]+)");
    private static final Pattern FILTER = Pattern.compile("\\|\\s*([A-Za-z_]\\w*)");
    private static final Pattern TEST = Pattern.compile("\\bis\\s+(?:not\\s+)?([A-Za-z_]\\w*)");

    static TemplateSource parse(String source) {
        return new Scanner(source).scan();
    }

    private static final class Scanner {
        private final String source;
        private final StringBuilder out = new StringBuilder();
        private final Set<String> filters = new TreeSet<>();
        private final Set<String> tests = new TreeSet<>();
        private int position;

        Scanner(String source) {
            this.source = source;
        }

        TemplateSource scan() {
            while (position < source.length()) {
                if (source.startsWith("{{", position)) {
                    tag("}}");
                } else if (source.startsWith("{%", position)) {
                    tag("%}");
                } else if (source.startsWith("{#", position)) {
                    int end = source.indexOf("#}", position);
                    copyTo(end < 0 ? source.length() : end + 2);
                } else {
                    copyTo(position + 1);
                }
            }
            return new TemplateSource(out.toString(), filters, tests);
        }

        private void tag(String closer) {
            copyTo(position + 2);
            int codeStart = position;
            while (position < source.length() && !source.startsWith(closer, position)) {
                char c = source.charAt(position);
                if (c == '\'' || c == '"') {
                    code(codeStart);
                    copyTo(literalEnd(c));
                    codeStart = position;
                } else {
                    position++;
                }
            }
            code(codeStart);
            copyTo(Math.min(position + 2, source.length()));
        }

        private int literalEnd(char quote) {
            int end = position + 1;
            while (end < source.length() && source.charAt(end) != quote) {
                end += source.charAt(end) == '\\' ? 2 : 1;
            }
            return Math.min(end + 1, source.length());
        }

        private void copyTo(int end) {
            out.append(source, position, end);
            position = end;
        }

        private void code(int start) {
            String code = source.substring(start, position);
            collect(FILTER, code, filters);
            collect(TEST, code, tests);
            String argumentsKept = NAMESPACE
                    .matcher(code)
                    .replaceAll(match -> Matcher.quoteReplacement("namespace("
                            + KEYWORD_ARGUMENT.matcher(match.group(1)).replaceAll("$1($2)") + ")"));
            out.append(REVERSED.matcher(argumentsKept).replaceAll("($1|reverse)"));
        }

        private static void collect(Pattern pattern, String code, Set<String> names) {
            pattern.matcher(code)
                    .results()
                    .map((MatchResult match) -> match.group(1))
                    .forEach(names::add);
        }
    }
}
