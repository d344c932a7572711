package dev.flipside.model;

import dev.flipside.engine.Scopes;
import dev.flipside.model.family.DecoderConfig;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A forward pass of the decoder that remembers what its backward pass needs, until {@link #close}.
 *
 * <p>The embedding's gradient is added by hand: autograd would make a matrix as large as the embedding for every pass.
 */
final class HiddenPass implements AutoCloseable {
    private final Decoder decoder;
    private final RowLayout layout;
    private final Tensor ids;
    private final BlocksPass blocks;
    private final Optional<LoraDropout> dropout;
    private boolean done;

    /**
     * @param layers the decoder's, as this pass runs them
     * @param dropout that they apply
     */
    HiddenPass(
            Decoder decoder,
            RowLayout layout,
            boolean checkpointing,
            List<DecoderLayer> layers,
            Optional<LoraDropout> dropout) {
        this.decoder = decoder;
        this.layout = layout;
        this.dropout = dropout;
        decoder.weights().train();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            ids = Scopes.keep(layout.ids(decoder.device()));
            Tensor embedded = embedded(decoder, layout);
            blocks = decoder.plan().blocks()
                    ? new PlannedPass(decoder, layout, embedded, checkpointing, layers)
                    : new AutogradPass(decoder, layout, embedded, checkpointing, layers);
        }
    }

    /** An adapter's products are rounded as in the pass without gradient. */
    private static Tensor embedded(Decoder decoder, RowLayout layout) {
        try (Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
            return decoder.embed(layout);
        }
    }

    /** What the pass drops of the inputs of adapters, the vocabulary head's among them. */
    Optional<LoraDropout> dropout() {
        return dropout;
    }

    /** The hidden states, float32 [B, T, D]; valid until {@link #close}. */
    public Tensor hidden() {
        return blocks.hidden();
    }

    /**
     * Adds the gradients of all decoder weights that learn into the flat gradient. May be called once.
     *
     * @param gradHidden the gradient with respect to {@link #hidden}, float32 [B, T, D]; zero at padding
     * @param balanceWeight of the routers' {@link #balanceLoss}, whose gradient is added; of no effect without experts
     */
    public void backward(Tensor gradHidden, double balanceWeight) {
        requireFresh();
        done = true;
        try (PointerScope scope = new PointerScope()) {
            Tensor gradEmbedded = blocks.backward(gradHidden, balanceWeight);
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                embeddingBackward(gradEmbedded);
            }
        }
    }

    private void embeddingBackward(Tensor gradEmbedded) {
        DecoderConfig config = decoder.config();
        Tensor rows = gradEmbedded.reshape(-1, gradEmbedded.size(-1));
        if (config.positions().learned()) {
            Tensor positions = decoder.withinContext(layout.positions(decoder.device()));
            Tensor flat = positions.expand_as(ids).reshape(-1);
            decoder.weights().embeddingBackward(WeightLayout.POSITIONS, flat, rows);
        }
        Tensor tokens = ids.reshape(-1);
        Tensor learnt = config.paddingToken().isPresent()
                ? rows.masked_fill(
                        tokens.eq(new Scalar((long) config.paddingToken().getAsInt()))
                                .unsqueeze(-1),
                        new Scalar(0.0))
                : rows;
        double scale = config.scales().embedding();
        decoder.weights()
                .embeddingBackward(WeightLayout.EMBEDDING, tokens, scale == 1 ? learnt : learnt.mul(new Scalar(scale)));
    }

    /** How unevenly routers used their experts, see {@link RouterBalance}; 0 without experts. */
    double balanceLoss() {
        return blocks.balanceLoss();
    }

    /** A second backward pass would count the heads' gradients twice before it failed on a freed graph. */
    void requireFresh() {
        if (done) {
            throw new IllegalStateException("a pass has one backward pass");
        }
    }

    @Override
    public void close() {
        blocks.close();
        Scopes.release(ids);
    }
}
