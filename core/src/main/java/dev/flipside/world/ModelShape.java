package dev.flipside.world;

import dev.flipside.config.Spelling;

/**
 * The size and family of a world's models; the reward model has the policy's backbone.
 *
 * @param family what the decoder's layers are like
 * @param hidden width of the residual stream, a multiple of {@code heads}
 * @param layers of attention and gated MLP
 * @param heads of the queries, each {@code hidden / heads} wide, an even number
 * @param keyValueHeads of keys and values; divides {@code heads}
 * @param intermediate width of the MLP
 */
public record ModelShape(Family family, int hidden, int layers, int heads, int keyValueHeads, int intermediate) {
    /** What the worlds' figures were measured with: 108,480 parameters. */
    public static final ModelShape STANDARD = new ModelShape(Family.LLAMA, 64, 2, 4, 4, 172);

    /** Half as wide again. */
    public static final ModelShape WIDE = new ModelShape(Family.LLAMA, 96, 2, 4, 4, 256);

    /** Qwen3-shaped: normalised queries and keys, and two query heads to a key-value head. */
    public static final ModelShape QWEN3 = new ModelShape(Family.QWEN3, 64, 2, 4, 2, 172);

    /** Another width and depth: narrower and twice as deep. */
    public static final ModelShape DEEP = new ModelShape(Family.LLAMA, 48, 4, 4, 4, 128);

    /** Which family of decoders, by the names of transformers. */
    public enum Family {
        LLAMA("LlamaForCausalLM"),
        /** Root-mean-square norms on the queries and keys of each head. */
        QWEN3("Qwen3ForCausalLM");

        private final String architecture;

        Family(String architecture) {
            this.architecture = architecture;
        }

        /** {@code architectures} of {@code config.json}. */
        String architecture() {
            return architecture;
        }

        /** {@code model_type} of {@code config.json}. */
        String modelType() {
            return Spelling.of(this);
        }
    }

    public ModelShape {
        if (heads < 1
                || hidden % heads != 0
                || hidden / heads % 2 != 0
                || keyValueHeads < 1
                || heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "hidden must be an even multiple of heads and heads a multiple of keyValueHeads: " + hidden + ", "
                            + heads + ", " + keyValueHeads);
        }
    }

    /** A short name for folders and reports, such as {@code llama-64x2}. */
    public String label() {
        return family.modelType() + "-" + hidden + "x" + layers;
    }
}
