package dev.flipside.eval.ifeval;

import java.util.function.Predicate;

/** Languages, and capital and small letters. */
final class CaseChecks {
    private static final String ENGLISH = "en";

    private CaseChecks() {}

    /** Texts in which no language can be seen, such as numbers, count as followed. */
    static Predicate<String> language(Arguments arguments) {
        String language = arguments.text("language");
        return response -> is(response, language);
    }

    static Predicate<String> englishCapitals() {
        return response -> PythonText.isUpper(response) && is(response, ENGLISH);
    }

    static Predicate<String> englishLowercase() {
        return response -> PythonText.isLower(response) && is(response, ENGLISH);
    }

    static Predicate<String> capitalWords(Arguments arguments) {
        int threshold = arguments.count("capital_frequency", 0);
        Relation relation = arguments.relation("capital_relation");
        return response -> relation.holds(
                (int) SentenceSplitter.split(response).stream()
                        .flatMap(sentence -> WordSplitter.split(sentence).stream())
                        .filter(PythonText::isUpper)
                        .count(),
                threshold);
    }

    private static boolean is(String response, String language) {
        return LanguageDetection.detect(response).map(language::equals).orElse(true);
    }
}
