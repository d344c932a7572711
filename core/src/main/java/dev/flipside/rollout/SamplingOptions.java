package dev.flipside.rollout;

import dev.flipside.config.UserError;
import java.util.List;

/**
 * How the next token is chosen and when a completion ends, with transformers' names and meaning.
 *
 * @param temperature divides the logits; at least 1e-4
 * @param topP keeps the smallest set of most probable tokens with at least this mass; in (0, 1], 1 is off
 * @param topK keeps the k most probable tokens (and ties with the last of them); 0 is off
 * @param minP keeps tokens with at least this fraction of the top token's probability; in [0, 1], 0 is off
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens already in prompt or completion
 *     (Keskar et al., arXiv 1909.05858); above 0, 1 is off
 * @param maxCompletionLength most tokens of a completion, end token included; at least 1
 * @param greedy takes the most probable token; temperature, topP, topK and minP do not change the choice then
 * @param stop a completion ends when its text contains one of these strings
 */
public record SamplingOptions(
        double temperature,
        double topP,
        int topK,
        double minP,
        double repetitionPenalty,
        int maxCompletionLength,
        boolean greedy,
        List<String> stop) {

    /** Logits of some tens that are divided by it are far from what float32 can hold. */
    private static final double LEAST_TEMPERATURE = 1e-4;

    /**
     * Checks the ranges.
     *
     * @throws UserError naming the key of the {@code rollout} section that is out of range
     */
    public SamplingOptions {
        stop = List.copyOf(stop);
        check(
                Double.isFinite(temperature) && temperature >= LEAST_TEMPERATURE,
                "temperature",
                temperature,
                "must be a number from " + LEAST_TEMPERATURE + " on (for the most probable token set greedy)");
        check(topP > 0 && topP <= 1, "top_p", topP, "must be in (0, 1]; 1 keeps every token");
        check(topK >= 0, "top_k", topK, "must be 0 (off) or the number of tokens to keep");
        check(minP >= 0 && minP <= 1, "min_p", minP, "must be in [0, 1]; 0 keeps every token");
        check(
                Double.isFinite(repetitionPenalty) && repetitionPenalty > 0,
                "repetition_penalty",
                repetitionPenalty,
                "must be a number above 0; 1 is off");
        check(maxCompletionLength >= 1, "max_completion_length", maxCompletionLength, "must be at least 1 token");
        check(
                !stop.contains(""),
                "stop",
                stop.stream().map(s -> "'" + s + "'").toList(),
                "must not contain an empty string, which every completion contains");
    }

    /** Plain sampling from the model's own distribution at temperature 1. */
    public static SamplingOptions plain(int maxCompletionLength) {
        return new SamplingOptions(1, 1, 0, 0, 1, maxCompletionLength, false, List.of());
    }

    /** The most probable token at every step. */
    public static SamplingOptions greedy(int maxCompletionLength) {
        return new SamplingOptions(1, 1, 0, 0, 1, maxCompletionLength, true, List.of());
    }

    private static void check(boolean valid, String key, Object value, String rule) {
        if (!valid) {
            throw new UserError("rollout." + key + ": " + value + " is out of range; it " + rule + ".");
        }
    }

    /** The same options at another temperature. */
    public SamplingOptions withTemperature(double other) {
        return new SamplingOptions(other, topP, topK, minP, repetitionPenalty, maxCompletionLength, greedy, stop);
    }

    /** The same options; a completion ends when its text contains one of these. */
    public SamplingOptions withStop(List<String> strings) {
        return new SamplingOptions(
                temperature, topP, topK, minP, repetitionPenalty, maxCompletionLength, greedy, strings);
    }

    /** The same options, taking the most probable token at every step. */
    public SamplingOptions asGreedy() {
        return new SamplingOptions(temperature, topP, topK, minP, repetitionPenalty, maxCompletionLength, true, stop);
    }
}
