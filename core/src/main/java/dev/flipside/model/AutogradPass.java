package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The pass by the functional layers and autograd: any device, any precision. With checkpointing only the input of each
 * layer is kept.
 */
final class AutogradPass implements BlocksPass {
    private final Decoder decoder;
    private final RowLayout layout;
    private final List<DecoderLayer> layers;
    private final boolean checkpointing;
    private final Tensor hidden;

    /** The input of the first layer, then, with checkpointing, the output of each. */
    private final List<Tensor> residuals = new ArrayList<>();

    /** In a model with experts. */
    private final Optional<RouterBalance> balance;

    /** @param layers the decoder's, as this pass runs them */
    AutogradPass(Decoder decoder, RowLayout layout, Tensor embedded, boolean checkpointing, List<DecoderLayer> layers) {
        this.decoder = decoder;
        this.layout = layout;
        this.layers = layers;
        this.checkpointing = checkpointing;
        balance = decoder.config().block().experts().map(experts -> new RouterBalance(experts, layout, decoder));
        residuals.add(Scopes.keep(embedded.detach()));
        try (PointerScope scope = new PointerScope();
                Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
            hidden = Scopes.keep(checkpointing ? forwardWithoutGraph() : forwardWithGraph());
        }
    }

    private Tensor forwardWithGraph() {
        balance.ifPresent(RouterBalance::keepGraph);
        try (AutoGradMode grad = new AutoGradMode(true)) {
            Tensor embedded = residuals.get(0).set_requires_grad(true);
            return decoder.finalNorm(Decoder.blocks(
                    layers, embedded, layout.angles(decoder.rotary()), layout.attention(decoder), router()));
        }
    }

    private Tensor forwardWithoutGraph() {
        try (AutoGradMode grad = new AutoGradMode(false)) {
            LayerAngles angles = layout.angles(decoder.rotary());
            Attention attention = layout.attention(decoder);
            for (DecoderLayer layer : layers) {
                Tensor input = residuals.get(residuals.size() - 1);
                residuals.add(Scopes.keep(Scopes.scoped(() -> layer.forward(input, angles, attention, router()))));
            }
            return decoder.finalNorm(residuals.get(residuals.size() - 1));
        }
    }

    private RouterListener router() {
        return balance.<RouterListener>map(b -> b).orElse(RouterListener.NONE);
    }

    @Override
    public double balanceLoss() {
        return balance.map(RouterBalance::value).orElse(0.0);
    }

    @Override
    public Tensor hidden() {
        return hidden;
    }

    @Override
    public Tensor backward(Tensor gradHidden, double balanceWeight) {
        return checkpointing ? backwardByLayer(gradHidden, balanceWeight) : backwardGraph(gradHidden, balanceWeight);
    }

    private Tensor backwardGraph(Tensor gradHidden, double balanceWeight) {
        List<Tensor> losses = new ArrayList<>();
        if (balanceWeight != 0) {
            try (AutoGradMode grad = new AutoGradMode(true)) {
                balance.ifPresent(b -> losses.addAll(b.parts(balanceWeight)));
            }
        }
        backward(hidden, gradHidden, losses);
        return residuals.get(0).grad();
    }

    private Tensor backwardByLayer(Tensor gradHidden, double balanceWeight) {
        int count = layers.size();
        LayerAngles angles = layout.angles(decoder.rotary());
        Attention attention = layout.attention(decoder);
        Tensor gradient = backwardThrough(residuals.get(count), (x, losses) -> decoder.finalNorm(x), gradHidden);
        for (int i = count - 1; i >= 0; i--) {
            DecoderLayer layer = layers.get(i);
            Tensor above = gradient;
            gradient = backwardThrough(
                    residuals.get(i),
                    (x, losses) -> layer.forward(x, angles, attention, router(balanceWeight, losses)),
                    above);
            Scopes.release(above);
        }
        return gradient;
    }

    /** Adds each layer's part of the load-balancing loss to {@code losses}. */
    private RouterListener router(double balanceWeight, List<Tensor> losses) {
        return balance.isEmpty() || balanceWeight == 0
                ? RouterListener.NONE
                : (layer, probabilities, chosen) -> losses.add(balance.get().part(probabilities, balanceWeight));
    }

    /** A part of the decoder, which may add losses of its own. */
    private interface Part {
        Tensor apply(Tensor input, List<Tensor> losses);
    }

    /** The gradient with respect to {@code input}, in the caller's scope; those of the weights are added on the way. */
    private Tensor backwardThrough(Tensor input, Part part, Tensor gradOutput) {
        return Scopes.scoped(() -> {
            Tensor leaf = input.detach().set_requires_grad(true);
            try (AutoGradMode grad = new AutoGradMode(true);
                    Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
                List<Tensor> losses = new ArrayList<>();
                Tensor output = part.apply(leaf, losses);
                backward(output, gradOutput, losses);
            }
            // grad() only points into the leaf, which ends with this scope; detach() is a tensor of its own.
            return leaf.grad().detach();
        });
    }

    /** Gradients of an output, given those with respect to it, and of losses beside it. */
    private static void backward(Tensor output, Tensor gradOutput, List<Tensor> losses) {
        TensorVector outputs = new TensorVector(output);
        TensorVector gradients = new TensorVector(gradOutput);
        for (Tensor loss : losses) {
            outputs.push_back(loss);
            gradients.push_back(torch.ones_like(loss));
        }
        torch.backward(outputs, gradients, new BoolOptional(), false, new TensorVector());
    }

    @Override
    public void close() {
        Scopes.release(hidden);
        residuals.forEach(Scopes::release);
        balance.ifPresent(RouterBalance::close);
    }
}
