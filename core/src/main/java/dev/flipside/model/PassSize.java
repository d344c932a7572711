package dev.flipside.model;

import dev.flipside.model.family.DecoderConfig;

/**
 * How large passes with gradients may be, so that what they keep in memory stays bounded whatever the batch.
 *
 * @param mebibytes that a pass may keep until its backward pass
 * @param gradientCheckpointing whether blocks keep their inputs alone
 */
public record PassSize(int mebibytes, boolean gradientCheckpointing) {
    /** More tokens were not faster: products are long enough to fill the machine. */
    private static final int MOST_TOKENS = 4096;

    private static final long HALF = 2;

    /**
     * Bytes that a pass keeps per token until its backward pass: of every block its input and what lies inside, see
     * {@link DecoderPlan}. With checkpointing, the inputs alone and one block's inside.
     */
    public long bytesPerToken(DecoderPlan plan) {
        long layers = plan.config().layers();
        long input = (long) Float.BYTES * plan.config().hiddenSize();
        long inside = plan.blocks() ? Float.BYTES * insidePlanned(plan) : insideAutograd(plan);
        long ends = 2 * input;
        return ends + (gradientCheckpointing ? layers * input + inside : layers * (input + inside));
    }

    /**
     * Numbers: the residual between a block's halves, the rotated queries and keys with the values, what attention made
     * of them, and the gate's and up's products. Attention by autograd keeps them before their rotation too, and in
     * between their norms.
     */
    private static long insidePlanned(DecoderPlan plan) {
        DecoderConfig config = plan.config();
        long byAutograd = plan.attention() ? 0 : heads(config) + (config.headNorms() ? headsWithNorms(config) : 0);
        return config.hiddenSize() + heads(config) + byAutograd + mixed(config) + 2L * config.intermediateSize();
    }

    /**
     * Bytes: autograd keeps norms, rotated copies and each step of the MLP besides. In bfloat16 the residual between
     * the halves and the two norms stay float32, and what goes into products is kept as it was rounded.
     */
    private static long insideAutograd(DecoderPlan plan) {
        DecoderConfig config = plan.config();
        long perWidth = config.block().gated() ? 4 : 2;
        long mlp = config.block()
                .experts()
                .map(e -> e.count() + e.perToken() * (2L * config.hiddenSize() + perWidth * e.width()))
                .orElse(perWidth * config.intermediateSize());
        long numbers = 5L * config.hiddenSize() + 2L * heads(config) + mixed(config) + mlp;
        return plan.precision() == Precision.BFLOAT16
                ? HALF * numbers + (Float.BYTES - HALF) * 3 * config.hiddenSize()
                : Float.BYTES * numbers;
    }

    /** Queries, keys and values. */
    private static long heads(DecoderConfig config) {
        return (long) config.fusedHeads() * config.headDim();
    }

    /** Queries and keys. */
    private static long headsWithNorms(DecoderConfig config) {
        return (long) (config.heads() + config.kvHeads()) * config.headDim();
    }

    /** What attention makes. */
    private static long mixed(DecoderConfig config) {
        return (long) config.heads() * config.headDim();
    }

    /** Bytes per token that one block's backward pass makes besides. */
    public static long bytesInBackward(DecoderPlan plan) {
        DecoderConfig config = plan.config();
        long numbers = 4L * config.intermediateSize() + 4L * config.hiddenSize() + 2L * heads(config);
        return numbers * (plan.precision() == Precision.BFLOAT16 ? HALF : Float.BYTES);
    }

    /**
     * The most tokens that a pass really has: a row that is longer than {@link #tokens} is a pass of its own, with what
     * is laid out beside its prefix.
     *
     * @param longest row in tokens
     */
    public long tokensAtMost(DecoderPlan plan, long longest) {
        long bounded = tokens(plan);
        return longest <= bounded ? bounded : longest + longest / RowBatch.BESIDE_LONG_PREFIX;
    }

    /** The most tokens of one pass, at least one; a longer row is a pass of its own. */
    public int tokens(DecoderPlan plan) {
        long fitting = ((long) mebibytes << 20) / bytesPerToken(plan);
        return (int) Math.max(1, Math.min(MOST_TOKENS, fitting));
    }
}
