package dev.flipside.reward;

import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A reward computed by a program: a check, a formula, a service. It can be added to a reward model's score or stand in
 * its place.
 *
 * <p>Functions of your own are found by {@link java.util.ServiceLoader}: a class with a public constructor without
 * arguments, named in {@code META-INF/services/dev.flipside.reward.RewardFunction} of a jar on the class path, is known
 * to configurations by its {@link #name}.
 */
public interface RewardFunction extends AutoCloseable {
    /** The name that configurations and metrics use: letters, digits and underscores. */
    String name();

    /** What it rewards, in one sentence for {@code flipside rewards}; Markdown. */
    default String summary() {
        return "";
    }

    /** The options that {@link #configure} knows, as {@code flipside rewards} lists them. */
    default List<RewardOption<?>> options() {
        return List.of();
    }

    /**
     * One reward per sample, in order. Never called by two threads at once.
     *
     * @return as many numbers as samples; NaN for a sample that this function cannot judge
     */
    double[] score(List<Sample> samples);

    /** The columns of the data that it reads; a row without one of them cannot be judged. */
    default List<String> columns() {
        return List.of();
    }

    /**
     * Whether answers to the prompt of a data row can be judged. Training asks before it starts, of every row, and
     * refuses data in which none can be.
     *
     * @param columns as {@link Sample#columns}
     * @throws UserError where a column holds something else than what is read from it
     */
    default boolean judges(Map<String, Object> columns) {
        return columns().stream().allMatch(column -> columns.get(column) != null);
    }

    /**
     * The same for a function that also looks at the prompt.
     *
     * @throws UserError where the prompt or a column is something that it cannot read
     */
    default boolean judges(Conversation prompt, Map<String, Object> columns) {
        return judges(columns);
    }

    /**
     * A copy with these options; this object does not change.
     *
     * @param options by name, as read from the configuration; empty when none were given
     * @throws UserError naming every unknown, missing or invalid option ({@link RewardOptions} does). This default
     *     takes none
     */
    default RewardFunction configure(Map<String, Object> options) {
        if (!options.isEmpty()) {
            throw new UserError("Reward function '" + name() + "' takes no options; remove "
                    + String.join(", ", options.keySet()) + ".");
        }
        return this;
    }

    /** Ends what it holds, such as a process: the run that has configured it is over. Called once. */
    @Override
    default void close() {}

    /**
     * What a function can look at.
     *
     * @param prompt the conversation that was answered
     * @param completion the answer's text, special tokens left out
     * @param completionIds the answer's tokens in the policy's vocabulary, end token included
     * @param finished whether the answer ended by itself; false when it was truncated at the length limit
     * @param columns the further columns of the prompt's data row, by name; values may be null
     */
    record Sample(
            Conversation prompt,
            String completion,
            int[] completionIds,
            boolean finished,
            Map<String, Object> columns) {
        public Sample {
            columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
        }

        /** The answer's length in tokens, end token included. */
        public int completionTokens() {
            return completionIds.length;
        }
    }
}
