package dev.flipside.eval.ifeval;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Words and letters that must, or must not, be in a response. */
final class KeywordChecks {
    private KeywordChecks() {}

    static Predicate<String> existence(Arguments arguments) {
        List<Pattern> keywords = arguments.texts("keywords").stream()
                .map(word -> arguments.pattern("keywords", word, PythonText.IGNORE_CASE))
                .toList();
        return response ->
                keywords.stream().allMatch(word -> word.matcher(response).find());
    }

    static Predicate<String> frequency(Arguments arguments) {
        Pattern keyword =
                arguments.pattern("keyword", PythonText.strip(arguments.text("keyword")), PythonText.IGNORE_CASE);
        int threshold = arguments.count("frequency", 0);
        Relation relation = arguments.relation("relation");
        return response ->
                relation.holds((int) keyword.matcher(response).results().count(), threshold);
    }

    static Predicate<String> forbidden(Arguments arguments) {
        List<Pattern> words = arguments.texts("forbidden_words").stream()
                .map(word -> arguments.pattern(
                        "forbidden_words",
                        PythonText.WORD_BOUNDARY + word + PythonText.WORD_BOUNDARY,
                        PythonText.IGNORE_CASE))
                .toList();
        return response ->
                words.stream().noneMatch(word -> word.matcher(response).find());
    }

    static Predicate<String> letterFrequency(Arguments arguments) {
        String letter = arguments.text("letter").toLowerCase(Locale.ROOT);
        int threshold = arguments.count("let_frequency", 0);
        Relation relation = arguments.relation("let_relation");
        return response -> relation.holds(occurrences(response.toLowerCase(Locale.ROOT), letter), threshold);
    }

    private static int occurrences(String text, String letter) {
        int count = 0;
        for (int at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + letter.length())) {
            count++;
        }
        return count;
    }

    static Predicate<String> noComma() {
        return response -> !response.contains(",");
    }
}
