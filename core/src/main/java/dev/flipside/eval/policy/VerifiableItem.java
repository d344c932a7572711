package dev.flipside.eval.policy;

import dev.flipside.config.UserError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * A prompt whose answer a program can mark.
 *
 * @param marker marks a completion
 */
public record VerifiableItem(PolicyPrompt prompt, Function<String, Marks> marker) {
    /**
     * The items, when their ids differ.
     *
     * @throws UserError when two have the same id
     */
    static List<VerifiableItem> requireUnique(List<VerifiableItem> items) {
        Set<String> ids = new HashSet<>();
        for (VerifiableItem item : items) {
            if (!ids.add(item.prompt().id())) {
                throw new UserError("Two rows of the data have the id "
                        + item.prompt().id() + "; give each its own, since answers are kept by it.");
            }
        }
        return items;
    }
}
