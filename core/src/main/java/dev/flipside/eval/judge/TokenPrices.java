package dev.flipside.eval.judge;

import java.util.OptionalDouble;

/**
 * Prices of a million tokens, in whatever currency.
 *
 * @param prompt of what is sent
 * @param completion of what is answered
 */
public record TokenPrices(OptionalDouble prompt, OptionalDouble completion) {
    private static final double MILLION = 1e6;

    OptionalDouble of(long promptTokens, long completionTokens) {
        return prompt.isEmpty() || completion.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(
                        (promptTokens * prompt.getAsDouble() + completionTokens * completion.getAsDouble()) / MILLION);
    }
}
