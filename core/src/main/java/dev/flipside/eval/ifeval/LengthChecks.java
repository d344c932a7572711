package dev.flipside.eval.ifeval;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** How many sentences, paragraphs and words a response has. */
final class LengthChecks {
    private static final Pattern WORD = Pattern.compile(PythonText.WORD_CHARACTER + "+");
    private static final Pattern DIVIDER = Pattern.compile("\\s?\\*\\*\\*\\s?", PythonText.FLAGS);
    private static final Pattern SPACE = Pattern.compile("\\s+", PythonText.FLAGS);
    private static final String PUNCTUATION = ".,?!'\"";

    private LengthChecks() {}

    static Predicate<String> sentences(Arguments arguments) {
        int threshold = arguments.count("num_sentences", 0);
        Relation relation = arguments.relation("relation");
        return response -> relation.holds(SentenceSplitter.split(response).size(), threshold);
    }

    static Predicate<String> words(Arguments arguments) {
        int threshold = arguments.count("num_words", 0);
        Relation relation = arguments.relation("relation");
        return response -> relation.holds((int) WORD.matcher(response).results().count(), threshold);
    }

    /** Paragraphs between dividers; the first and the last may be empty and do not count then. */
    static Predicate<String> paragraphs(Arguments arguments) {
        int wanted = arguments.count("num_paragraphs", 0);
        return response -> {
            List<String> parts = List.of(DIVIDER.split(response, -1));
            int count = parts.size();
            for (int i = 0; i < parts.size(); i++) {
                if (PythonText.isBlank(parts.get(i))) {
                    if (i > 0 && i < parts.size() - 1) {
                        return false;
                    }
                    count--;
                }
            }
            return count == wanted;
        };
    }

    /**
     * Paragraphs between empty lines. The n-th is counted with the blank ones, which do not count for the number: as
     * published.
     */
    static Predicate<String> nthParagraph(Arguments arguments) {
        int wanted = arguments.count("num_paragraphs", 0);
        int nth = arguments.count("nth_paragraph", 1);
        String firstWord = arguments.text("first_word").toLowerCase(Locale.ROOT);
        return response -> {
            String[] paragraphs = response.split("\n\n", -1);
            int count = 0;
            for (String paragraph : paragraphs) {
                count += PythonText.isBlank(paragraph) ? 0 : 1;
            }
            if (nth > count || PythonText.isBlank(paragraphs[nth - 1])) {
                return false;
            }
            return count == wanted && firstWord(paragraphs[nth - 1]).equals(firstWord);
        };
    }

    private static String firstWord(String paragraph) {
        String word = SPACE.split(PythonText.strip(paragraph), 2)[0];
        String bare = PythonText.stripLeft(PythonText.stripLeft(word, '\''), '"');
        int end = 0;
        while (end < bare.length() && PUNCTUATION.indexOf(bare.charAt(end)) < 0) {
            end++;
        }
        return bare.substring(0, end).toLowerCase(Locale.ROOT);
    }
}
