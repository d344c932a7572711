package dev.flipside.train;

import dev.flipside.data.PreferenceData;

/** What reading a preference file left out, as a sentence. */
final class PairCounts {
    private PairCounts() {}

    static String sentence(String file, PreferenceData data) {
        StringBuilder sentence = new StringBuilder(file + ": " + data.pairs().size() + " of " + data.read() + " pairs");
        if (data.droppedIdentical() > 0) {
            sentence.append("; ").append(data.droppedIdentical()).append(" dropped, chosen = rejected");
        }
        if (data.droppedDifferentPrompts() > 0) {
            sentence.append("; ")
                    .append(data.droppedDifferentPrompts())
                    .append(" dropped, the two dialogues differ before the last reply");
        }
        if (data.impliedPrompts() > 0) {
            sentence.append("; ")
                    .append(data.impliedPrompts())
                    .append(" have no prompt column, the common beginning of both texts is taken for the prompt");
        }
        return sentence.toString();
    }
}
