package dev.flipside.model;

import java.util.List;

/**
 * What a model says of completions, per row and completion token.
 *
 * @param logprobs natural logarithm of the token's probability
 * @param entropies entropy of the distribution it was drawn from, in nats
 */
public record TokenLogprobs(double[][] logprobs, double[][] entropies) {
    static TokenLogprobs sizedFor(List<TokenRow> rows) {
        return new TokenLogprobs(empty(rows), empty(rows));
    }

    private static double[][] empty(List<TokenRow> rows) {
        return rows.stream().map(r -> new double[r.completionLength()]).toArray(double[][]::new);
    }
}
