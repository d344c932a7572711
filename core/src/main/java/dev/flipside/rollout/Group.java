package dev.flipside.rollout;

import java.util.List;

/**
 * The completions of one prompt.
 *
 * @param promptIds the rendered prompt, generation prompt included
 * @param completions in the order of their sample numbers
 */
public record Group(int[] promptIds, List<Completion> completions) {
    public Group {
        completions = List.copyOf(completions);
    }

    /** The group that {@code count} of the completions make, from {@code first} on. */
    public Group part(int first, int count) {
        return new Group(promptIds, completions.subList(first, first + count));
    }
}
