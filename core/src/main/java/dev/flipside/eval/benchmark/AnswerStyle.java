package dev.flipside.eval.benchmark;

import java.util.regex.Pattern;

/**
 * What an answer looks like, whatever it says: the two baselines that every score stands beside.
 *
 * @param characters Unicode code points
 * @param markdown headers, list items and bold passages outside code blocks: what style control counts
 *     (arena-hard-auto, style control)
 */
public record AnswerStyle(int characters, int markdown) {
    private static final Pattern CODE = Pattern.compile("```.*?(```|\\z)", Pattern.DOTALL);
    private static final Pattern MARKS = Pattern.compile(
            "^#{1,6}\\s|^[ \\t]*(?:[-*+]|\\d+\\.)\\s|\\*\\*[^*\\n]+\\*\\*|__[^_\\n]+__", Pattern.MULTILINE);

    /** What an answer looks like. */
    public static AnswerStyle of(String answer) {
        String prose = CODE.matcher(answer).replaceAll("\n");
        return new AnswerStyle(answer.codePointCount(0, answer.length()), (int)
                MARKS.matcher(prose).results().count());
    }
}
