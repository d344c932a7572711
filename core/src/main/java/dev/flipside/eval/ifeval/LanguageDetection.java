package dev.flipside.eval.ifeval;

import com.optimaize.langdetect.cybozu.util.CharNormalizer;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The language of a text as Shuyo's detector and its port to Python, {@code langdetect}, find it: naive Bayes on one to
 * three characters in turn.
 *
 * <p>The originals draw some of the text's characters at random until one language is certain, seven times, so that
 * their answer for a doubtful text differs from call to call. Here all of them count once: the same text always has the
 * same language, which is the one that the draws favour in the long run.
 */
final class LanguageDetection {
    /** Most characters that are looked at together. */
    static final int LONGEST = 3;

    private static final int MAX_TEXT = 10_000;
    private static final double SMOOTHING = 0.5 / 10_000;
    private static final Pattern ADDRESS = Pattern.compile("https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}");
    private static final Pattern MAIL =
            Pattern.compile("[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}");
    private static final Pattern VIETNAMESE =
            Pattern.compile("[AEIOUYaeiouyÂÊÔâêôĂăƠơƯư][\u0300\u0301\u0303\u0309\u0323]");

    private LanguageDetection() {}

    /** An ISO 639-1 code, or zh-cn or zh-tw; empty when the text holds nothing that a language could be told from. */
    static Optional<String> detect(String text) {
        LanguageProfiles profiles = LanguageProfiles.builtIn();
        List<double[]> features = features(cleaned(text), profiles);
        if (features.isEmpty()) {
            return Optional.empty();
        }
        int best = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int language = 0; language < LanguageProfiles.LANGUAGES.size(); language++) {
            double logLikelihood = 0;
            for (double[] feature : features) {
                logLikelihood += Math.log(SMOOTHING + feature[language]);
            }
            if (logLikelihood > highest) {
                highest = logLikelihood;
                best = language;
            }
        }
        return Optional.of(LanguageProfiles.LANGUAGES.get(best));
    }

    /** Without addresses, and without Latin letters where another script prevails. */
    private static String cleaned(String text) {
        String plain = MAIL.matcher(ADDRESS.matcher(text).replaceAll(" ")).replaceAll(" ");
        String composed = VIETNAMESE
                .matcher(plain)
                .replaceAll(letter -> Normalizer.normalize(letter.group(), Normalizer.Form.NFC));
        String start = composed.substring(0, Math.min(composed.length(), MAX_TEXT));
        long latin = start.chars().filter(c -> c >= 'A' && c <= 'z').count();
        long other = start.chars().filter(LanguageDetection::isOtherScript).count();
        return latin * 2 < other ? start.replaceAll("[A-z]", "") : start;
    }

    private static boolean isOtherScript(int character) {
        return character >= 0x300
                && Character.UnicodeBlock.of(character) != Character.UnicodeBlock.LATIN_EXTENDED_ADDITIONAL;
    }

    /** The frequencies of what the text is made of; words in capitals are left out from their second letter on. */
    private static List<double[]> features(String text, LanguageProfiles profiles) {
        List<double[]> features = new ArrayList<>();
        StringBuilder recent = new StringBuilder(" ");
        boolean capitals = false;
        for (char raw : text.toCharArray()) {
            char character = normalised(raw);
            char last = recent.charAt(recent.length() - 1);
            if (last == ' ') {
                recent.setLength(0);
                recent.append(' ');
                capitals = false;
            } else if (recent.length() >= LONGEST) {
                recent.deleteCharAt(0);
            }
            if (last != ' ' || character != ' ') {
                recent.append(character);
                capitals = Character.isUpperCase(character) && (capitals || Character.isUpperCase(last));
            }
            if (!capitals) {
                add(recent, profiles, features);
            }
        }
        return features;
    }

    private static void add(StringBuilder recent, LanguageProfiles profiles, List<double[]> features) {
        for (int length = 1; length <= Math.min(LONGEST, recent.length()); length++) {
            String gram = recent.substring(recent.length() - length);
            double[] frequency = profiles.frequencies().get(gram);
            if (frequency != null && !gram.equals(" ")) {
                features.add(frequency);
            }
        }
    }

    private static char normalised(char character) {
        return switch (character) {
            // Romanian letters with a comma are those with a cedilla.
            case '\u0219' -> '\u015f';
            case '\u021b' -> '\u0163';
            default -> CharNormalizer.normalize(character);
        };
    }
}
