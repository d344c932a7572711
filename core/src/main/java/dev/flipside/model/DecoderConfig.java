package dev.flipside.model;

import java.util.List;
import java.util.OptionalInt;

/**
 * The architecture of a decoder, whatever its family.
 *
 * @param modelType the family's name in config.json
 * @param vocabSize V
 * @param hiddenSize D
 * @param intermediateSize width of the gated MLP
 * @param layers number of blocks
 * @param heads query heads H
 * @param kvHeads key and value heads, a divisor of H
 * @param headDim size of a head, even
 * @param rmsNormEps added to the mean square
 * @param maxPositionEmbeddings the longest context it was made for; not enforced here
 * @param tiedHead whether the vocabulary head is the embedding
 * @param biases which projections have biases
 * @param headNorms whether queries and keys are normalised per head
 * @param slidingWindow the number of latest tokens that a sliding layer sees, its own included
 * @param slidingLayers which layers slide; all false without a window
 * @param rope rotary positions
 * @param initializerRange the standard deviation that new weights are drawn with
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
        double rmsNormEps,
        int maxPositionEmbeddings,
        boolean tiedHead,
        Biases biases,
        boolean headNorms,
        OptionalInt slidingWindow,
        List<Boolean> slidingLayers,
        RopeConfig rope,
        double initializerRange) {
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

    public DecoderConfig {
        slidingLayers = List.copyOf(slidingLayers);
    }

    /** The window of one layer, if it slides. */
    public OptionalInt window(int layer) {
        return slidingLayers.get(layer) ? slidingWindow : OptionalInt.empty();
    }

    /** Heads of the fused projection: queries, then keys, then values. */
    int fusedHeads() {
        return heads + 2 * kvHeads;
    }
}
