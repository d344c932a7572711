package dev.flipside.config;

import java.util.List;

/** Section {@code rollout}: how completions are sampled. */
public record RolloutConfig(
        @Doc("Completions of one step over all prompts; a multiple of `num_generations`.") int generationBatchSize,
        @Doc("Completions per prompt (the group).") int numGenerations,
        @Doc("Longest completion in tokens.") int maxCompletionLength,
        @Doc("Sampling temperature; the trainer divides logits by it too.") double temperature,
        @Doc("Nucleus sampling: the smallest set of tokens with this probability; 1 is off.") double topP,
        @Doc("Sample among this many most likely tokens; 0 is off.") int topK,
        @Doc("Drop tokens below this share of the most likely token's probability; 0 is off.") double minP,
        @Doc("Divides the logits of tokens already seen (transformers' rule); 1 is off.") double repetitionPenalty,
        @Doc("Strings that end a completion.") List<String> stop,
        @Doc("Token ids that are never sampled.") List<Integer> suppressTokens,
        @Doc("Rows decoded side by side; changes memory, never the distribution.") int maxRows,
        @Doc("How many times groups whose rewards are all equal are replaced by groups of other prompts; 0 is off.")
                int refillZeroVariance) {

    /** Prompts of one step. */
    public int promptsPerStep() {
        return generationBatchSize / numGenerations;
    }

    public static RolloutConfig defaults() {
        return new RolloutConfig(64, 8, 512, 1.0, 1.0, 0, 0.0, 1.0, List.of(), List.of(), 128, 0);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        if (numGenerations < 2) {
            throw new UserError(
                    section + ".num_generations: " + numGenerations
                            + " leaves nothing to compare a completion with, advantages need a group of at least 2; set 2 or more (8 is usual).");
        }
        in.atLeast("generation_batch_size", generationBatchSize, numGenerations);
        if (generationBatchSize % numGenerations != 0) {
            throw new UserError(section + ".generation_batch_size: " + generationBatchSize + " is not a multiple of "
                    + section + ".num_generations (" + numGenerations + "); groups must be whole.");
        }
        in.atLeast("max_completion_length", maxCompletionLength, 1);
        in.positive("temperature", temperature);
        in.within("top_p", topP, Double.MIN_VALUE, 1);
        in.atLeast("top_k", topK, 0);
        in.within("min_p", minP, 0, 1);
        in.positive("repetition_penalty", repetitionPenalty);
        in.atLeast("max_rows", maxRows, 1);
        in.atLeast("refill_zero_variance", refillZeroVariance, 0);
    }
}
