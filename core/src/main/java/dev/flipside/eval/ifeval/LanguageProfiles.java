package dev.flipside.eval.ifeval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.optimaize.langdetect.cybozu.util.CharNormalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How often one to three characters follow each other in each language, from the profiles of Shuyo's language detector,
 * which the library {@code language-detector} carries.
 *
 * @param frequencies by the characters, one per language of {@link #LANGUAGES}
 */
record LanguageProfiles(Map<String, double[]> frequencies) {
    /** Those of Python's {@code langdetect} 1.0.9. */
    static final List<String> LANGUAGES = List.of(
            ("af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl no pa pl pt ro ru sk sl so sq sv sw ta te th"
                            + " tl tr uk ur vi zh-cn zh-tw")
                    .split(" "));

    /** Read when the first language is asked for. */
    private static final class Holder {
        static final LanguageProfiles BUILT_IN = read();
    }

    static LanguageProfiles builtIn() {
        return Holder.BUILT_IN;
    }

    private static LanguageProfiles read() {
        ObjectMapper mapper = new ObjectMapper();
        Map<String, double[]> frequencies = new HashMap<>();
        for (int i = 0; i < LANGUAGES.size(); i++) {
            int language = i;
            JsonNode profile = profile(mapper, LANGUAGES.get(i));
            profile.get("freq").fields().forEachRemaining(entry -> {
                int length = entry.getKey().length();
                if (length <= LanguageDetection.LONGEST) {
                    frequencies.computeIfAbsent(entry.getKey(), key -> new double[LANGUAGES.size()])[language] =
                            entry.getValue().asDouble()
                                    / profile.get("n_words").get(length - 1).asDouble();
                }
            });
        }
        return new LanguageProfiles(frequencies);
    }

    private static JsonNode profile(ObjectMapper mapper, String language) {
        int dash = language.indexOf('-');
        String file = dash < 0
                ? language
                : language.substring(0, dash) + language.substring(dash).toUpperCase(Locale.ROOT);
        try (InputStream stream = CharNormalizer.class.getClassLoader().getResourceAsStream("languages/" + file)) {
            return mapper.readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException("the language profile " + file + " cannot be read", e);
        }
    }
}
