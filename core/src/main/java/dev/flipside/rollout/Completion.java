package dev.flipside.rollout;

/**
 * One sampled response.
 *
 * @param ids its tokens, the end token included when one was sampled; never empty
 * @param logprobs per token, log-softmax(logits / temperature) of the model's own distribution: repetition penalty and
 *     filters are not in it, so a trainer that recomputes it from the same weights gets the same number
 * @param logKeptMass summed over the tokens, the log of the probability that the same distribution gives to the tokens
 *     which the filters (top_k, top_p, min_p, suppressed ids) kept; 0 without filters. Without a repetition penalty,
 *     the log probability with which the completion was really sampled is the sum of {@code logprobs} minus this number
 * @param finishReason why it ended
 */
public record Completion(int[] ids, double[] logprobs, double logKeptMass, FinishReason finishReason) {
    public Completion {
        if (ids.length == 0 || ids.length != logprobs.length) {
            throw new IllegalArgumentException(ids.length + " tokens with " + logprobs.length + " logprobs");
        }
    }

    /** Whether the completion ended by itself and was not truncated. */
    public boolean finished() {
        return finishReason == FinishReason.STOP;
    }
}
