package dev.flipside.algo;

/**
 * The weight of each token's loss in the loss of one optimiser step. It is built once from all completions of the step,
 * so that micro-batches simply add up: averaging the means of micro-batches instead would weight short ones too much.
 *
 * <p>Completions that are left out (truncated and masked, or empty) count in no divisor.
 *
 * @param tokenMean whether a completion's tokens are averaged first
 * @param divisor what the sum is divided by, above 0
 */
public record LossAggregation(boolean tokenMean, double divisor) {
    public LossAggregation {
        Groups.requirePositive("divisor", divisor);
    }

    /**
     * The weights for one optimiser step.
     *
     * @param lengths tokens of every completion of the optimiser batch
     * @param included whether each completion takes part, {@code [lengths]}
     * @param maxCompletionLength the configured maximum, used by {@link LossType#DR_GRPO} alone
     * @param generationTokens included tokens of the whole generation batch, used by {@link LossType#DAPO} alone
     * @param miniBatches optimiser batches that the generation batch is cut into, used by {@link LossType#DAPO} alone
     */
    public static LossAggregation of(
            LossType type,
            int[] lengths,
            boolean[] included,
            int maxCompletionLength,
            long generationTokens,
            int miniBatches) {
        return switch (type) {
            case GRPO -> grpo(lengths, included);
            case BNPO -> bnpo(lengths, included);
            case DAPO -> dapo(generationTokens, miniBatches);
            case DR_GRPO -> drGrpo(lengths, included, maxCompletionLength);
        };
    }

    /** {@link LossType#GRPO}. */
    public static LossAggregation grpo(int[] lengths, boolean[] included) {
        return new LossAggregation(true, atLeastOne(sequences(lengths, included)));
    }

    /** {@link LossType#BNPO}. */
    public static LossAggregation bnpo(int[] lengths, boolean[] included) {
        return new LossAggregation(false, atLeastOne(tokens(lengths, included)));
    }

    /** {@link LossType#DAPO}. */
    public static LossAggregation dapo(long generationTokens, int miniBatches) {
        Groups.requirePositive("miniBatches", miniBatches);
        return new LossAggregation(false, atLeastOne(generationTokens) / miniBatches);
    }

    /** {@link LossType#DR_GRPO}. */
    public static LossAggregation drGrpo(int[] lengths, boolean[] included, int maxCompletionLength) {
        Groups.requirePositive("maxCompletionLength", maxCompletionLength);
        return new LossAggregation(false, atLeastOne(sequences(lengths, included)) * maxCompletionLength);
    }

    /** The tokens of the completions that take part. */
    public static long tokens(int[] lengths, boolean[] included) {
        Groups.requireSameLength("lengths", lengths.length, "included", included.length);
        long tokens = 0;
        for (int i = 0; i < lengths.length; i++) {
            tokens += included[i] ? lengths[i] : 0;
        }
        return tokens;
    }

    /** What the loss of one token is multiplied by, in a completion of {@code length} tokens. */
    public double tokenWeight(int length) {
        return tokenMean ? 1.0 / (length * divisor) : 1.0 / divisor;
    }

    private static long sequences(int[] lengths, boolean[] included) {
        Groups.requireSameLength("lengths", lengths.length, "included", included.length);
        long sequences = 0;
        for (int i = 0; i < lengths.length; i++) {
            sequences += included[i] && lengths[i] > 0 ? 1 : 0;
        }
        return sequences;
    }

    // A batch in which nothing takes part has loss 0; its divisor must not turn that into 0 / 0.
    private static double atLeastOne(long count) {
        return Math.max(1L, count);
    }
}
