package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A forward pass of the decoder that remembers what its backward pass needs, until {@link #close}.
 *
 * <p>The embedding's gradient is added by hand: autograd would make a matrix as large as the embedding for every pass.
 */
final class HiddenPass implements AutoCloseable {
    private final Decoder decoder;
    private final Tensor ids;
    private final BlocksPass blocks;
    private boolean done;

    HiddenPass(Decoder decoder, RowLayout layout, boolean checkpointing, List<DecoderLayer> layers) {
        this.decoder = decoder;
        decoder.weights().train();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            ids = Scopes.keep(layout.ids(decoder.device()));
            Tensor embedded = decoder.embed(ids);
            blocks = PlannedPass.supports(decoder)
                    ? new PlannedPass(decoder, layout, embedded, checkpointing, layers)
                    : new AutogradPass(decoder, layout, embedded, checkpointing, layers);
        }
    }

    /** The hidden states, float32 [B, T, D]; valid until {@link #close}. */
    public Tensor hidden() {
        return blocks.hidden();
    }

    /**
     * Adds the gradients of all decoder weights that learn into the flat gradient. May be called once.
     *
     * @param gradHidden the gradient with respect to {@link #hidden}, float32 [B, T, D]; zero at padding
     */
    public void backward(Tensor gradHidden) {
        requireFresh();
        done = true;
        try (PointerScope scope = new PointerScope()) {
            Tensor gradEmbedded = blocks.backward(gradHidden);
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                decoder.weights()
                        .gradient(WeightLayout.EMBEDDING)
                        .ifPresent(sum ->
                                sum.index_add_(0, ids.reshape(-1), gradEmbedded.reshape(-1, gradEmbedded.size(-1))));
            }
        }
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
