package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/** The pass by the functional layers and autograd: any device, any precision. With checkpointing only the input of each layer is kept. */
final class AutogradPass implements BlocksPass {
    private final Decoder decoder;
    private final RowLayout layout;
    private final List<DecoderLayer> layers;
    private final boolean checkpointing;
    private final Tensor hidden;

    /** The input of the first layer, then, with checkpointing, the output of each. */
    private final List<Tensor> residuals = new ArrayList<>();

    /** @param layers the decoder's, as this pass runs them */
    AutogradPass(Decoder decoder, RowLayout layout, Tensor embedded, boolean checkpointing, List<DecoderLayer> layers) {
        this.decoder = decoder;
        this.layout = layout;
        this.layers = layers;
        this.checkpointing = checkpointing;
        residuals.add(Scopes.keep(embedded.detach()));
        try (PointerScope scope = new PointerScope();
                Autocast autocast = new Autocast(decoder.precision())) {
            hidden = Scopes.keep(checkpointing ? forwardWithoutGraph() : forwardWithGraph());
        }
    }

    private Tensor forwardWithGraph() {
        try (AutoGradMode grad = new AutoGradMode(true)) {
            Tensor embedded = residuals.get(0).set_requires_grad(true);
            return decoder.finalNorm(
                    Decoder.blocks(layers, embedded, layout.angles(decoder.rope()), layout.attention(decoder)));
        }
    }

    private Tensor forwardWithoutGraph() {
        try (AutoGradMode grad = new AutoGradMode(false)) {
            Rope.Angles angles = layout.angles(decoder.rope());
            DecoderLayer.Attention attention = layout.attention(decoder);
            for (DecoderLayer layer : layers) {
                Tensor input = residuals.get(residuals.size() - 1);
                residuals.add(Scopes.keep(Scopes.scoped(() -> layer.forward(input, angles, attention))));
            }
            return decoder.finalNorm(residuals.get(residuals.size() - 1));
        }
    }

    @Override
    public Tensor hidden() {
        return hidden;
    }

    @Override
    public Tensor backward(Tensor gradHidden) {
        return checkpointing ? backwardByLayer(gradHidden) : backwardGraph(gradHidden);
    }

    private Tensor backwardGraph(Tensor gradHidden) {
        DecoderLayer.backward(hidden, gradHidden);
        return residuals.get(0).grad();
    }

    private Tensor backwardByLayer(Tensor gradHidden) {
        int count = layers.size();
        Rope.Angles angles = layout.angles(decoder.rope());
        DecoderLayer.Attention attention = layout.attention(decoder);
        Tensor gradient = backwardThrough(residuals.get(count), decoder::finalNorm, gradHidden);
        for (int i = count - 1; i >= 0; i--) {
            DecoderLayer layer = layers.get(i);
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
        residuals.forEach(Scopes::release);
    }
}
