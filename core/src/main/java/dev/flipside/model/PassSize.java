package dev.flipside.model;

/** How much a pass with gradients keeps in memory, and how many tokens it may have so that this stays bounded, whatever the batch. */
public final class PassSize {
    /** What a pass may keep: small beside the four copies of a model that training holds, large enough for products at full speed. */
    private static final long KEPT_BYTES = 768L << 20;

    /** More tokens were not faster: products are long enough to fill the machine. */
    private static final int MOST_TOKENS = 4096;

    /** Fewer would be slower; what that takes in memory, it takes. */
    private static final int FEWEST_TOKENS = 512;

    private PassSize() {}

    /**
     * Numbers that a pass on the CPU keeps per token until its backward pass: of every block its input, the residual between its halves, the rotated queries and keys with the
     * values, what attention made of them, and the gate's and up's products. With checkpointing, the inputs alone and one block's rest.
     */
    public static long floatsPerToken(DecoderConfig config, boolean checkpointing) {
        long input = config.hiddenSize();
        long inside = input
                + (long) config.fusedHeads() * config.headDim()
                + (long) config.heads() * config.headDim()
                + 2L * config.intermediateSize();
        long ends = 2 * input;
        return ends + (checkpointing ? config.layers() * input + inside : config.layers() * (input + inside));
    }

    /** Numbers per token that one block's backward pass makes besides. */
    public static long floatsInBackward(DecoderConfig config) {
        return 4L * config.intermediateSize() + 4L * config.hiddenSize() + 2L * config.fusedHeads() * config.headDim();
    }

    /** The most tokens of one pass with gradients; a single longer row is a pass of its own. */
    public static int tokens(DecoderConfig config, boolean checkpointing) {
        long fitting = KEPT_BYTES / (Float.BYTES * floatsPerToken(config, checkpointing));
        return (int) Math.max(FEWEST_TOKENS, Math.min(MOST_TOKENS, fitting));
    }
}
