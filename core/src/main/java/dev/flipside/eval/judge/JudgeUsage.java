package dev.flipside.eval.judge;

import java.util.OptionalDouble;

/**
 * What a judge was asked and what that cost, as its server counted tokens.
 *
 * @param asked requests that were sent and answered
 * @param cached requests whose answer was on disk
 * @param promptTokens of the requests sent
 * @param completionTokens of the answers to them
 * @param cachedPromptTokens of the requests that were answered from disk: what they cost when they were sent
 * @param cachedCompletionTokens likewise
 */
public record JudgeUsage(
        long asked,
        long cached,
        long promptTokens,
        long completionTokens,
        long cachedPromptTokens,
        long cachedCompletionTokens) {
    static final JudgeUsage NONE = new JudgeUsage(0, 0, 0, 0, 0, 0);

    private static final double MILLION = 1e6;

    /**
     * Prices of a million tokens, in whatever currency.
     *
     * @param prompt of what is sent
     * @param completion of what is answered
     */
    public record Prices(OptionalDouble prompt, OptionalDouble completion) {
        private OptionalDouble of(long promptTokens, long completionTokens) {
            return prompt.isEmpty() || completion.isEmpty()
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(
                            (promptTokens * prompt.getAsDouble() + completionTokens * completion.getAsDouble())
                                    / MILLION);
        }
    }

    /** What this run cost, where both prices are known. */
    public OptionalDouble cost(Prices prices) {
        return prices.of(promptTokens, completionTokens);
    }

    /** What all answers cost that the result is made of, those of earlier runs included. */
    public OptionalDouble costInAll(Prices prices) {
        return prices.of(promptTokens + cachedPromptTokens, completionTokens + cachedCompletionTokens);
    }

    JudgeUsage plus(ChatReply reply, boolean fromDisk) {
        return fromDisk
                ? new JudgeUsage(
                        asked,
                        cached + 1,
                        promptTokens,
                        completionTokens,
                        cachedPromptTokens + reply.promptTokens(),
                        cachedCompletionTokens + reply.completionTokens())
                : new JudgeUsage(
                        asked + 1,
                        cached,
                        promptTokens + reply.promptTokens(),
                        completionTokens + reply.completionTokens(),
                        cachedPromptTokens,
                        cachedCompletionTokens);
    }
}
