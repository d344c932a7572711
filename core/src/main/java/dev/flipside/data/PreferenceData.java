package dev.flipside.data;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The usable pairs of a preference file and how many were left out.
 *
 * @param pairs in the file's order
 * @param read rows in the file
 * @param droppedIdentical pairs left out because both replies are the same text
 * @param droppedDifferentPrompts pairs left out because their dialogues differ before the last reply: they do not
 *     compare two replies
 * @param impliedPrompts kept pairs whose prompt is only the beginning that two plain texts share; worth a notice, since
 *     it may not be meant
 */
public record PreferenceData(
        List<Preference> pairs, int read, int droppedIdentical, int droppedDifferentPrompts, int impliedPrompts) {

    public PreferenceData {
        pairs = List.copyOf(pairs);
    }

    /**
     * Reads a file of any accepted shape.
     *
     * @throws UserError when the file cannot be read, a row has another shape, or no pair is left
     */
    public static PreferenceData read(Path file, Margin margin) {
        List<Preference> pairs = new ArrayList<>();
        int read = 0;
        int identical = 0;
        int differentPrompts = 0;
        int implied = 0;
        for (Row row : Rows.read(file)) {
            read++;
            PairShape pair = PairShape.read(row);
            if (!pair.chosenPrompt().equals(pair.rejectedPrompt())) {
                differentPrompts++;
            } else if (pair.chosen().equals(pair.rejected())) {
                identical++;
            } else {
                implied += pair.impliedPrompt() ? 1 : 0;
                pairs.add(new Preference(pair.chosenPrompt(), pair.chosen(), pair.rejected(), margin.of(row)));
            }
        }
        if (pairs.isEmpty()) {
            throw new UserError(file + " has no usable pair: of " + read + " rows " + identical
                    + " have chosen = rejected and " + differentPrompts
                    + " compare replies to different prompts; give pairs of different replies to one prompt.");
        }
        return new PreferenceData(pairs, read, identical, differentPrompts, implied);
    }

    /** The same pairs with a system prompt before every conversation that has none; unchanged without one. */
    public PreferenceData withSystem(Optional<String> systemPrompt) {
        return systemPrompt
                .map(system -> new PreferenceData(
                        pairs.stream().map(pair -> pair.withSystem(system)).toList(),
                        read,
                        droppedIdentical,
                        droppedDifferentPrompts,
                        impliedPrompts))
                .orElse(this);
    }
}
