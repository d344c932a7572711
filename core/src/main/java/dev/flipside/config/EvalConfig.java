package dev.flipside.config;

import java.util.Map;
import java.util.Optional;

/** Section {@code eval}: what is measured on held-out data, at step 0, every {@code eval_steps} and at the end. */
public record EvalConfig(
        @Doc("Steps between evaluations; 0 evaluates at the start and the end of a round only.") int evalSteps,
        @Doc("Completions per held-out prompt.") int numGenerations,
        @Doc("Sampling temperature of the evaluation; 0 is greedy.") double temperature,
        @Doc(
                        "A reward function that knows the truth, as {name, and its options}: measures the policy and the reward model, and labels for save.labels gold. Never part of the reward.")
                Optional<Map<String, Object>> gold) {

    public static EvalConfig defaults() {
        return new EvalConfig(0, 1, 1.0, Optional.empty());
    }
}
