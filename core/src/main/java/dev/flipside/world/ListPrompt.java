package dev.flipside.world;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A request for a list, such as "name two animals :".
 *
 * @param verb one of {@link Vocabulary#VERBS}
 * @param count one of {@link Vocabulary#COUNTS}
 * @param topic one of {@link Vocabulary#TOPICS}
 */
public record ListPrompt(String verb, String count, String topic) {
    private static final int LEAST = 2;

    /** All 108: every verb with every count and topic. */
    public static List<ListPrompt> all() {
        List<ListPrompt> all = new ArrayList<>();
        for (String verb : Vocabulary.VERBS) {
            for (String count : Vocabulary.COUNTS) {
                for (String topic : Vocabulary.TOPICS) {
                    all.add(new ListPrompt(verb, count, topic));
                }
            }
        }
        return all;
    }

    /** What the policy reads. A completion begins with a space, as in every tokenizer's plain text. */
    public String text() {
        return String.join(" ", verb, count, topic, Vocabulary.COLON);
    }

    /** The number of items asked for. */
    public int asked() {
        return LEAST + Vocabulary.COUNTS.indexOf(count);
    }

    /** The prompt as a row of a data file; all but the text are columns that {@link GoldReward} reads. */
    Map<String, Object> row() {
        return Map.of("prompt", text(), "verb", verb, "count", asked(), "topic", topic);
    }
}
