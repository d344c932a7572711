package dev.flipside.model.family;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The architecture of a decoder, whatever its family: everything that {@code DecoderLayer} has to know of it is data
 * here.
 *
 * @param modelType the family's name in config.json
 * @param vocabSize V
 * @param hiddenSize D
 * @param intermediateSize width of the MLP, of experts' see {@link Experts}
 * @param layers number of blocks
 * @param heads query heads H
 * @param kvHeads key and value heads, a divisor of H
 * @param headDim size of a head, even
 * @param maxPositionEmbeddings the longest context it was made for; enforced only where positions are learned
 * @param tiedHead whether the vocabulary head is the embedding
 * @param paddingToken whose embedding does not learn from where it is read, as that of {@code padding_idx} in
 *     transformers; a tied head still moves it
 * @param initializerRange the standard deviation that new weights are drawn with
 * @param block what a block is made of
 * @param attention how tokens see one another
 * @param positions where tokens stand
 * @param scales constants that outputs are multiplied with
 */
public record DecoderConfig(
        String modelType,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int maxPositionEmbeddings,
        boolean tiedHead,
        OptionalInt paddingToken,
        double initializerRange,
        Block block,
        Attention attention,
        Positions positions,
        Scales scales) {

    /**
     * A block: norms, an attention half and an MLP half, added to the residual stream.
     *
     * @param norm every norm of the residual stream, the final one included
     * @param placement where a half has its norm
     * @param residual how the halves follow one another
     * @param activation of the MLP
     * @param gated whether the MLP is {@code down(activation(gate(x)) * up(x))} (Shazeer, arXiv 2002.05202) or
     *     {@code down(activation(up(x)))}
     * @param biases which linear maps have them
     * @param experts in place of the MLP, in the layers that have them
     */
    public record Block(
            Norm norm,
            Placement placement,
            Residual residual,
            Activation activation,
            boolean gated,
            Biases biases,
            Optional<Experts> experts) {}

    /** A norm over the last dimension; {@code eps} is added to the mean square or the variance. */
    public record Norm(NormKind kind, double eps) {}

    /** What a norm does. */
    public enum NormKind {
        /** Root mean square (Zhang and Sennrich, arXiv 1910.07467) times the weight. */
        RMS,
        /** The same times one plus the weight, which starts at zero (Gemma). */
        RMS_PLUS_ONE,
        /** Mean and variance (Ba et al., arXiv 1607.06450), with weight and bias. */
        LAYER
    }

    /** Where the two halves of a block are normalised. */
    public enum Placement {
        /** Their inputs (Llama). */
        BEFORE,
        /** Their outputs (OLMo 2). */
        AFTER,
        /** Both (Gemma 2 and 3). */
        AROUND
    }

    /** How the two halves of a block follow one another. */
    public enum Residual {
        /** The MLP sees what attention added. */
        SEQUENTIAL,
        /** Both see the block's input, each through a norm of its own. */
        PARALLEL,
        /** Both see the block's input through one norm. */
        PARALLEL_ONE_NORM
    }

    /** The nonlinearity of an MLP. */
    public enum Activation {
        SILU,
        /** By the error function. */
        GELU,
        /** By the hyperbolic tangent. */
        GELU_TANH,
        /** By the error function, between -10 and 10. */
        GELU_CLIPPED,
        /** x sigmoid(1.702 x). */
        GELU_QUICK,
        RELU,
        RELU_SQUARED,
        /** At most 6. */
        RELU6,
        /** A hundredth of x below 0. */
        LEAKY_RELU,
        SIGMOID,
        TANH,
        MISH,
        HARD_SWISH,
        LINEAR
    }

    /**
     * Which linear maps add a bias.
     *
     * @param qkv the query, key and value projections
     * @param output the attention's output projection
     * @param mlp gate, up and down
     */
    public record Biases(boolean qkv, boolean output, boolean mlp) {
        public static final Biases NONE = new Biases(false, false, false);
    }

    /**
     * A router and the gated MLPs that it chooses from (Shazeer et al., arXiv 1701.06538).
     *
     * @param count number of experts
     * @param perToken how many of them see a token
     * @param width of one expert
     * @param normalised whether the chosen ones' probabilities are scaled to sum to one
     * @param sparseLayers which layers have experts; the others have an MLP
     * @param balanceWeight of the load-balancing loss in training (Fedus et al., arXiv 2101.03961, equations 4 to 6); 0
     *     for none
     */
    public record Experts(
            int count, int perToken, int width, boolean normalised, List<Boolean> sparseLayers, double balanceWeight) {
        public Experts {
            sparseLayers = List.copyOf(sparseLayers);
        }
    }

    /** Which norms queries and keys have before they are rotated. */
    public enum HeadNorms {
        NONE,
        /** Of every head, with one weight for all query heads and one for all key heads (Qwen3, Gemma 3). */
        EACH,
        /** Of every head by mean and variance, each with a weight of its own (StableLM 2 12B). */
        EACH_ITS_OWN,
        /** Of all heads together (OLMo 2). */
        TOGETHER
    }

    /**
     * Attention between the projections.
     *
     * @param headNorms of queries and keys
     * @param scale of the scores; 1 / sqrt(headDim) when empty
     * @param dividedByLayer whether scores of block i, counted from 1, are divided by i
     * @param softCap c of c tanh(score / c)
     * @param slidingWindow the number of latest tokens that a sliding layer sees, its own included
     * @param slidingLayers which layers slide; all false without a window
     */
    public record Attention(
            HeadNorms headNorms,
            OptionalDouble scale,
            boolean dividedByLayer,
            OptionalDouble softCap,
            OptionalInt slidingWindow,
            List<Boolean> slidingLayers) {
        public Attention {
            slidingLayers = List.copyOf(slidingLayers);
        }
    }

    /**
     * How the decoder knows where a token stands.
     *
     * @param learned whether an embedding of positions is added to that of tokens
     * @param rotaryDim how much of each head is rotated, from its beginning
     * @param ropes the rotation of each layer, if it has one
     */
    public record Positions(boolean learned, int rotaryDim, List<Optional<RopeConfig>> ropes) {
        public Positions {
            ropes = List.copyOf(ropes);
        }
    }

    /**
     * Constants that outputs are multiplied with; all 1 in most families.
     *
     * @param embedding of the embedded tokens
     * @param residual of what each half of a block adds
     * @param logits of the vocabulary's scores
     * @param logitSoftCap c of c tanh(score / c), for the vocabulary's scores
     */
    public record Scales(double embedding, double residual, double logits, OptionalDouble logitSoftCap) {
        public static final Scales NONE = new Scales(1, 1, 1, OptionalDouble.empty());
    }

    /** The window of one layer, if it slides. */
    public OptionalInt window(int layer) {
        return attention.slidingLayers().get(layer) ? attention.slidingWindow() : OptionalInt.empty();
    }

    /** Which linear maps of a block add a bias. */
    public Biases biases() {
        return block.biases();
    }

    /** The experts of one layer, if it has them. */
    public Optional<Experts> experts(int layer) {
        return block.experts().filter(e -> e.sparseLayers().get(layer));
    }

    /**
     * What texts must have in common to share a pass, because they are rotated by the same frequencies; by their
     * length.
     */
    public List<Integer> lengthClasses(int tokens) {
        return positions.ropes().stream()
                .flatMap(Optional::stream)
                .distinct()
                .map(rope -> rope.lengthClass(tokens))
                .toList();
    }

    /** The length beyond which {@link RopeConfig.LongRope} rotates texts otherwise. */
    public OptionalInt originalContext() {
        return positions.ropes().stream()
                .flatMap(Optional::stream)
                .filter(RopeConfig.LongRope.class::isInstance)
                .mapToInt(rope -> ((RopeConfig.LongRope) rope).originalContext())
                .findFirst();
    }

    /** Added to the mean square or the variance in every norm of the residual stream. */
    public double normEps() {
        return block.norm().eps();
    }

    /** Whether queries and keys have norms, of whatever kind. */
    public boolean headNorms() {
        return attention.headNorms() != HeadNorms.NONE;
    }

    /** Heads of the fused projection: queries, then keys, then values. */
    public int fusedHeads() {
        return heads + 2 * kvHeads;
    }

    /** Sizes, with what Llama has for everything else. */
    public static DecoderConfigBuilder builder(String modelType, int layers, int heads, int kvHeads, int headDim) {
        return new DecoderConfigBuilder(modelType, layers, heads, kvHeads, headDim);
    }
}
