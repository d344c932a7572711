package dev.flipside.model;

import dev.flipside.model.family.DecoderConfig;

/**
 * How large passes with gradients may be, so that what they keep in memory stays bounded whatever the batch.
 *
 * @param mebibytes that a pass may keep on the CPU until its backward pass
 * @param gradientCheckpointing whether blocks keep their inputs alone
 */
public record PassSize(int mebibytes, boolean gradientCheckpointing) {
    /** More tokens were not faster: products are long enough to fill the machine. */
    private static final int MOST_TOKENS = 4096;

    /**
     * Numbers that a pass on the CPU keeps per token until its backward pass: of every block its input, the residual between its halves, the rotated queries and keys with the
     * values, what attention made of them, and the gate's and up's products; more where blocks are not Llama's and autograd does them. With checkpointing, the inputs alone and one block's rest.
     */
    public long floatsPerToken(DecoderConfig config) {
        long input = config.hiddenSize();
        long inside = config.hasLlamasBlocks() ? insidePlanned(config) : insideAutograd(config);
        long ends = 2 * input;
        return ends + (gradientCheckpointing ? config.layers() * input + inside : config.layers() * (input + inside));
    }

    private static long insidePlanned(DecoderConfig config) {
        return config.hiddenSize()
                + (long) config.fusedHeads() * config.headDim()
                + (long) config.heads() * config.headDim()
                + 2L * config.intermediateSize();
    }

    /** Autograd keeps norms, rotated copies and each step of the MLP besides. */
    private static long insideAutograd(DecoderConfig config) {
        long perWidth = config.block().gated() ? 4 : 2;
        long mlp = config.block()
                .experts()
                .map(e -> e.count() + e.perToken() * (2L * config.hiddenSize() + perWidth * e.width()))
                .orElse(perWidth * config.intermediateSize());
        return 5L * config.hiddenSize()
                + 2L * config.fusedHeads() * config.headDim()
                + (long) config.heads() * config.headDim()
                + mlp;
    }

    /** Numbers per token that one block's backward pass makes besides. */
    public static long floatsInBackward(DecoderConfig config) {
        return 4L * config.intermediateSize() + 4L * config.hiddenSize() + 2L * config.fusedHeads() * config.headDim();
    }

    /** The most tokens of one pass, at least one; a longer row is a pass of its own. */
    public int tokens(DecoderConfig config) {
        long fitting = ((long) mebibytes << 20) / (Float.BYTES * floatsPerToken(config));
        return (int) Math.max(1, Math.min(MOST_TOKENS, fitting));
    }
}
