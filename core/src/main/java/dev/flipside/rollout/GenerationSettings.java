package dev.flipside.rollout;

import java.util.List;
import java.util.function.Function;

/**
 * What does not change between calls of a {@link Generator}.
 *
 * @param maxRows most completions generated at a time, at least 1; a group is never split, so one group may exceed it
 * @param suppressedIds tokens never to generate, such as a padding token
 * @param decode a completion's ids to text, in which stop strings are looked for; not called without stop strings
 */
public record GenerationSettings(int maxRows, List<Integer> suppressedIds, Function<int[], String> decode) {
    public GenerationSettings {
        suppressedIds = List.copyOf(suppressedIds);
        if (maxRows < 1) {
            throw new IllegalArgumentException("maxRows " + maxRows);
        }
    }
}
