package dev.flipside.eval.ifeval;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The words and marks of one sentence: the Treebank's rules as NLTK 3.9 applies them, one after another. */
final class WordSplitter {
    private static final List<Rule> RULES = List.of(
            // Opening quotes.
            new Rule("([«“‘„]|`+)", " $1 "),
            new Rule("^\"", "``"),
            new Rule("(``)", " $1 "),
            new Rule("([ (\\[{<])(\"|'{2})", "$1 `` "),
            new Rule(
                    "(?i)(')(?!re|ve|ll|m|t|s|d|n)(" + PythonText.WORD_CHARACTER + ")" + PythonText.WORD_BOUNDARY,
                    "$1 $2"),
            // Punctuation.
            new Rule("([^.])(\\.)([\\])}>\"'»”’ ]*+)\\s*$", "$1 $2 $3 "),
            new Rule("([:,])([^\\d])", " $1 $2"),
            new Rule("([:,])$", " $1 "),
            new Rule("\\.{2,}", " $0 "),
            new Rule("[;@#$%&]", " $0 "),
            new Rule("([^.])(\\.)([\\])}>\"']*)\\s*$", "$1 $2$3 "),
            new Rule("[?!]", " $0 "),
            new Rule("([^'])' ", "$1 ' "),
            new Rule("[*]", " $0 "),
            // Brackets and dashes.
            new Rule("[\\]\\[(){}<>]", " $0 "),
            new Rule("--", " -- "),
            // Spaces at both ends, for the rules that look for one.
            new Rule("\\A(?s)(.*)\\z", " $1 "),
            // Closing quotes.
            new Rule("([»”’])", " $1 "),
            new Rule("''", " '' "),
            new Rule("\"", " '' "),
            new Rule("\\s+", " "),
            new Rule("([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 "),
            new Rule("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 "),
            // Contractions.
            contraction("(can)(not)"),
            contraction("(d)('ye)"),
            contraction("(gim)(me)"),
            contraction("(gon)(na)"),
            contraction("(got)(ta)"),
            contraction("(lem)(me)"),
            contraction("(more)('n)"),
            new Rule("(?i)" + PythonText.WORD_BOUNDARY + "(wan)(na)(?=\\s)", " $1 $2 "),
            new Rule("(?i) ('t)(is)" + PythonText.WORD_BOUNDARY, " $1 $2 "),
            new Rule("(?i) ('t)(was)" + PythonText.WORD_BOUNDARY, " $1 $2 "));

    private static final Pattern SPACE = Pattern.compile("\\s+", PythonText.FLAGS);

    private WordSplitter() {}

    private record Rule(Pattern pattern, String replacement) {
        Rule(String expression, String replacement) {
            this(Pattern.compile(expression, PythonText.FLAGS), replacement);
        }
    }

    private static Rule contraction(String parts) {
        return new Rule("(?i)" + PythonText.WORD_BOUNDARY + parts + PythonText.WORD_BOUNDARY, " $1 $2 ");
    }

    static List<String> split(String sentence) {
        String text = sentence;
        for (Rule rule : RULES) {
            text = rule.pattern().matcher(text).replaceAll(rule.replacement());
        }
        List<String> words = new ArrayList<>(List.of(SPACE.split(text)));
        words.removeIf(String::isEmpty);
        return words;
    }
}
