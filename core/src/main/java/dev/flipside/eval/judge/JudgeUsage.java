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

    /** What this run cost, where both prices are known. */
    public OptionalDouble cost(TokenPrices prices) {
        return prices.of(promptTokens, completionTokens);
    }

    /** What all answers cost that the result is made of, those of earlier runs included. */
    public OptionalDouble costInAll(TokenPrices prices) {
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
