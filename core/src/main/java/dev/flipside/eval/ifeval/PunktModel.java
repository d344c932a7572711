package dev.flipside.eval.ifeval;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What Punkt learned about English; words are in lower case.
 *
 * @param abbreviations without their final period
 * @param starters words that often open a sentence
 * @param collocations two words with a tab between, of which the first ends with a period within a sentence
 * @param contexts the places in which a word was seen, the sum of the constants
 */
record PunktModel(
        Set<String> abbreviations, Set<String> starters, Set<String> collocations, Map<String, Integer> contexts) {
    static final int UPPER_AT_BEGINNING = 2;
    static final int UPPER_INSIDE = 4;
    static final int UPPER = UPPER_AT_BEGINNING | UPPER_INSIDE | 8;
    static final int LOWER_AT_BEGINNING = 16;
    static final int LOWER = LOWER_AT_BEGINNING | 32 | 64;

    /** Read when the first text is split. */
    private static final class Holder {
        static final PunktModel ENGLISH = new PunktModel(
                Set.copyOf(lines("abbrev_types.txt")),
                Set.copyOf(lines("sent_starters.txt")),
                Set.copyOf(lines("collocations.tab")),
                contexts(lines("ortho_context.tab")));
    }

    static PunktModel english() {
        return Holder.ENGLISH;
    }

    int context(String word) {
        return contexts.getOrDefault(word, 0);
    }

    boolean isCollocation(String first, String second) {
        return collocations.contains(first + '\t' + second);
    }

    private static Map<String, Integer> contexts(List<String> lines) {
        Map<String, Integer> contexts = new HashMap<>();
        for (String line : lines) {
            int tab = line.indexOf('\t');
            contexts.put(line.substring(0, tab), Integer.valueOf(line.substring(tab + 1)));
        }
        return contexts;
    }

    private static List<String> lines(String name) {
        try (InputStream stream = PunktModel.class.getResourceAsStream("punkt-english/" + name);
                BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            return reader.lines().collect(Collectors.toList());
        } catch (IOException e) {
            throw new UncheckedIOException("the Punkt model in this jar cannot be read", e);
        }
    }
}
