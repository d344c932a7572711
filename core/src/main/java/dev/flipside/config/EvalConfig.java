package dev.flipside.config;

import java.util.Map;
import java.util.Optional;

/** Section {@code eval}: what is measured on held-out data, at step 0, every {@code eval_steps} and at the end. */
public record EvalConfig(
        @Doc("Steps between evaluations; 0 evaluates at the start and the end of a round only.") int evalSteps,
        @Doc("Completions per held-out prompt.") int numGenerations,
        @Doc("Sampling temperature of the evaluation; 0 is greedy.") double temperature,
        @Doc(
                        "A [reward function](rewards.md) that knows the truth, as `{name}` and its options. Measures the policy and the reward model, and labels for `save.labels: gold`. Never part of the reward.")
                Optional<Map<String, Object>> gold,
        @Doc(
                        "Completions per held-out prompt whose mean reward the value head is compared with; 0 is off and 64 is a good number. They are drawn twice: from the policy as it is and from the initial one.")
                int valueSamples,
        @Doc(
                        "Also score the evaluation's samples with the reward model as the round began. Costs the memory of one more reward model and a second scoring pass per evaluation.")
                boolean frozenTwin) {

    public static EvalConfig defaults() {
        return new EvalConfig(0, 1, 1.0, Optional.empty(), 0, false);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.atLeast("eval_steps", evalSteps, 0);
        in.atLeast("num_generations", numGenerations, 1);
        in.within("temperature", temperature, 0, 100);
        if (valueSamples != 0) {
            in.atLeast("value_samples", valueSamples, 2);
        }
    }
}
