package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.Activation;
import dev.flipside.model.family.DecoderConfig.Attention;
import dev.flipside.model.family.DecoderConfig.Biases;
import dev.flipside.model.family.DecoderConfig.Block;
import dev.flipside.model.family.DecoderConfig.Experts;
import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.Norm;
import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Placement;
import dev.flipside.model.family.DecoderConfig.Positions;
import dev.flipside.model.family.DecoderConfig.Residual;
import dev.flipside.model.family.DecoderConfig.Scales;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Starts from a Llama with untied head, theta 10000 and eps 1e-6; families change what differs. */
public final class DecoderConfigBuilder {
    private final String modelType;
    private final int layers;
    private final int heads;
    private final int kvHeads;
    private final int headDim;
    private int vocabSize;
    private int hiddenSize;
    private int intermediateSize;
    private int maxPositionEmbeddings;
    private boolean tiedHead;
    private OptionalInt paddingToken = OptionalInt.empty();
    private double initializerRange = 0.02;
    private Norm norm = new Norm(NormKind.RMS, 1e-6);
    private Placement placement = Placement.BEFORE;
    private Residual residual = Residual.SEQUENTIAL;
    private Activation activation = Activation.SILU;
    private boolean gated = true;
    private Biases biases = Biases.NONE;
    private Optional<Experts> experts = Optional.empty();
    private HeadNorms headNorms = HeadNorms.NONE;
    private OptionalDouble attentionScale = OptionalDouble.empty();
    private boolean dividedByLayer;
    private OptionalDouble attentionSoftCap = OptionalDouble.empty();
    private OptionalInt slidingWindow = OptionalInt.empty();
    private List<Boolean> slidingLayers;
    private boolean learnedPositions;
    private int rotaryDim;
    private List<Optional<RopeConfig>> ropes;
    private Scales scales = Scales.NONE;

    DecoderConfigBuilder(String modelType, int layers, int heads, int kvHeads, int headDim) {
        this.modelType = modelType;
        this.layers = layers;
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.headDim = headDim;
        slidingLayers = Collections.nCopies(layers, false);
        rope(new RopeConfig.Plain(10_000));
        rotaryDim = headDim;
    }

    /** Sizes of the vocabulary, the residual stream and the MLP, and the longest context. */
    public DecoderConfigBuilder widths(int vocabulary, int hidden, int intermediate, int maxPositions) {
        vocabSize = vocabulary;
        hiddenSize = hidden;
        intermediateSize = intermediate;
        maxPositionEmbeddings = maxPositions;
        return this;
    }

    /** Whether the vocabulary head is the embedding. */
    public DecoderConfigBuilder tiedHead(boolean tied) {
        tiedHead = tied;
        return this;
    }

    DecoderConfigBuilder paddingToken(OptionalInt token) {
        paddingToken = token;
        return this;
    }

    DecoderConfigBuilder initializerRange(double range) {
        initializerRange = range;
        return this;
    }

    DecoderConfigBuilder norm(NormKind kind, double eps) {
        norm = new Norm(kind, eps);
        return this;
    }

    DecoderConfigBuilder norms(Placement where) {
        placement = where;
        return this;
    }

    DecoderConfigBuilder residual(Residual kind) {
        residual = kind;
        return this;
    }

    DecoderConfigBuilder mlp(Activation function, boolean isGated) {
        activation = function;
        gated = isGated;
        return this;
    }

    DecoderConfigBuilder biases(boolean qkv, boolean output, boolean mlp) {
        biases = new Biases(qkv, output, mlp);
        return this;
    }

    DecoderConfigBuilder experts(Experts instead) {
        experts = Optional.of(instead);
        return this;
    }

    /** Norms of queries and keys. */
    public DecoderConfigBuilder headNorms(HeadNorms kind) {
        headNorms = kind;
        return this;
    }

    DecoderConfigBuilder attentionScale(double scale) {
        attentionScale = OptionalDouble.of(scale);
        return this;
    }

    DecoderConfigBuilder attentionDividedByLayer(boolean divided) {
        dividedByLayer = divided;
        return this;
    }

    DecoderConfigBuilder attentionSoftCap(OptionalDouble cap) {
        attentionSoftCap = cap;
        return this;
    }

    /** @param layersThatSlide one per layer; looked at when there is a window */
    public DecoderConfigBuilder sliding(OptionalInt window, List<Boolean> layersThatSlide) {
        slidingWindow = window;
        slidingLayers = window.isPresent() ? layersThatSlide : Collections.nCopies(layers, false);
        return this;
    }

    DecoderConfigBuilder learnedPositions() {
        learnedPositions = true;
        ropes = Collections.nCopies(layers, Optional.empty());
        return this;
    }

    /** The same rotation in all layers. */
    DecoderConfigBuilder rope(RopeConfig rope) {
        ropes = Collections.nCopies(layers, Optional.of(rope));
        return this;
    }

    DecoderConfigBuilder ropes(List<Optional<RopeConfig>> perLayer) {
        ropes = perLayer;
        return this;
    }

    DecoderConfigBuilder rotaryDim(int dim) {
        rotaryDim = dim;
        return this;
    }

    /** See {@link DecoderConfig.Scales}. */
    public DecoderConfigBuilder scales(double embedding, double residuals, double logits, OptionalDouble logitSoftCap) {
        scales = new Scales(embedding, residuals, logits, logitSoftCap);
        return this;
    }

    /** The architecture as it stands; the builder may go on. */
    public DecoderConfig build() {
        return new DecoderConfig(
                modelType,
                vocabSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                kvHeads,
                headDim,
                maxPositionEmbeddings,
                tiedHead,
                paddingToken,
                initializerRange,
                new Block(norm, placement, residual, activation, gated, biases, experts),
                new Attention(
                        headNorms, attentionScale, dividedByLayer, attentionSoftCap, slidingWindow, slidingLayers),
                new Positions(learnedPositions, rotaryDim, ropes),
                scales);
    }
}
