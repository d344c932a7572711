package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
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
    private final Tensor hidden;

    /** The input of the first layer, then, with checkpointing, the output of each. */
    private final List<Tensor> residuals = new ArrayList<>();

    private final boolean checkpointing;
    private boolean done;

    HiddenPass(Decoder decoder, RowLayout layout, boolean checkpointing) {
        this.decoder = decoder;
        this.layout = layout;
        this.checkpointing = checkpointing;
        decoder.weights().train();
        try (PointerScope scope = new PointerScope();
                Autocast autocast = new Autocast(decoder.precision())) {
            ids = Scopes.keep(layout.ids(decoder.device()));
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                residuals.add(Scopes.keep(decoder.embed(ids)));
            }
            hidden = Scopes.keep(checkpointing ? forwardWithoutGraph() : forwardWithGraph());
        }
    }

    private Tensor forwardWithGraph() {
        try (AutoGradMode grad = new AutoGradMode(true)) {
            Tensor embedded = residuals.get(0).set_requires_grad(true);
            return decoder.finalNorm(
                    decoder.blocks(embedded, layout.angles(decoder.rope()), layout.attention(decoder)));
        }
    }

    private Tensor forwardWithoutGraph() {
        try (AutoGradMode grad = new AutoGradMode(false)) {
            Rope.Angles angles = layout.angles(decoder.rope());
            DecoderLayer.Attention attention = layout.attention(decoder);
            for (DecoderLayer layer : decoder.layers()) {
                Tensor input = residuals.get(residuals.size() - 1);
                residuals.add(Scopes.keep(Scopes.scoped(() -> layer.forward(input, angles, attention))));
            }
            return decoder.finalNorm(residuals.get(residuals.size() - 1));
        }
    }

    /** The hidden states, float32 [B, T, D]; valid until {@link #close}. */
    public Tensor hidden() {
        return hidden;
    }

    /**
     * Adds the gradients of all decoder weights into the flat gradient. May be called once.
     *
     * @param gradHidden the gradient with respect to {@link #hidden}, float32 [B, T, D]; zero at padding
     */
    public void backward(Tensor gradHidden) {
        requireFresh();
        done = true;
        try (PointerScope scope = new PointerScope()) {
            Tensor gradEmbedded = checkpointing ? backwardByLayer(gradHidden) : backwardGraph(gradHidden);
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                Tensor gradient = decoder.weights().get(WeightLayout.EMBEDDING).grad();
                gradient.index_add_(0, ids.reshape(-1), gradEmbedded.reshape(-1, gradEmbedded.size(-1)));
            }
        }
    }

    /** A second backward pass would count the heads' gradients twice before it failed on a freed graph. */
    void requireFresh() {
        if (done) {
            throw new IllegalStateException("a pass has one backward pass");
        }
    }

    private Tensor backwardGraph(Tensor gradHidden) {
        DecoderLayer.backward(hidden, gradHidden);
        return residuals.get(0).grad();
    }

    private Tensor backwardByLayer(Tensor gradHidden) {
        int count = decoder.layers().size();
        Rope.Angles angles = layout.angles(decoder.rope());
        DecoderLayer.Attention attention = layout.attention(decoder);
        Tensor gradient = backwardThrough(residuals.get(count), decoder::finalNorm, gradHidden);
        for (int i = count - 1; i >= 0; i--) {
            DecoderLayer layer = decoder.layers().get(i);
            Tensor above = gradient;
            gradient = backwardThrough(residuals.get(i), x -> layer.forward(x, angles, attention), above);
            Scopes.release(above);
        }
        return gradient;
    }

    /** The gradient with respect to {@code input}, in the caller's scope; those of the weights are added on the way. */
    private Tensor backwardThrough(Tensor input, UnaryOperator<Tensor> function, Tensor gradOutput) {
        return Scopes.scoped(() -> {
            Tensor leaf = input.detach().set_requires_grad(true);
            try (AutoGradMode grad = new AutoGradMode(true);
                    Autocast autocast = new Autocast(decoder.precision())) {
                Tensor output = function.apply(leaf);
                DecoderLayer.backward(output, gradOutput);
            }
            // grad() only points into the leaf, which ends with this scope; detach() is a tensor of its own.
            return leaf.grad().detach();
        });
    }

    @Override
    public void close() {
        Scopes.release(hidden);
        Scopes.release(ids);
        residuals.forEach(Scopes::release);
    }
}
