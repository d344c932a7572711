package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The pass by hand, block after block ({@link LayerPass}): on the CPU in float32.
 *
 * <p>Without checkpointing every block keeps what its backward pass needs and frees it as soon as that is done; with it every block keeps its input alone and
 * runs forward once more.
 */
final class PlannedPass implements BlocksPass {
    private final Decoder decoder;
    private final RowLayout layout;
    private final boolean checkpointing;
    private final RmsNorm norm;

    /** The input of each block, and what the last one made. */
    private final List<Tensor> residuals = new ArrayList<>();

    /** One a block; empty with checkpointing. */
    private final List<LayerPass> layers = new ArrayList<>();

    private final Tensor hidden;

    static boolean supports(Decoder decoder) {
        return decoder.device().isCpu() && decoder.precision() == Precision.FLOAT32;
    }

    PlannedPass(Decoder decoder, RowLayout layout, Tensor embedded, boolean checkpointing) {
        this.decoder = decoder;
        this.layout = layout;
        this.checkpointing = checkpointing;
        norm = new RmsNorm(decoder.config().rmsNormEps());
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Rope.Angles angles = layout.angles(decoder.rope());
            DecoderLayer.Attention attention = layout.attention(decoder);
            residuals.add(Scopes.keep(embedded.detach()));
            for (DecoderLayer layer : decoder.layers()) {
                LayerPass pass = new LayerPass(layer, last(), angles, attention);
                residuals.add(Scopes.keep(pass.output().detach()));
                if (checkpointing) {
                    pass.close();
                } else {
                    layers.add(pass);
                }
            }
            Tensor rows = last().view(-1, decoder.config().hiddenSize());
            hidden = Scopes.keep(norm.forward(rows, finalNormWeight()).view_as(last()));
        }
    }

    private Tensor last() {
        return residuals.get(residuals.size() - 1);
    }

    private Tensor finalNormWeight() {
        return decoder.weights().get(WeightLayout.FINAL_NORM);
    }

    @Override
    public Tensor hidden() {
        return hidden;
    }

    @Override
    public Tensor backward(Tensor gradHidden) {
        return Scopes.scoped(() -> {
            Tensor gradient = torch.zeros_like(last()).view(-1, decoder.config().hiddenSize());
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor gradOutput =
                        gradHidden.reshape(gradient.size(0), gradient.size(1)).clone();
                Tensor weight = finalNormWeight();
                norm.backward(gradOutput, last().view_as(gradient), weight.detach(), weight.grad(), gradient);
            }
            release(residuals);
            for (int i = decoder.layers().size() - 1; i >= 0; i--) {
                backward(i, gradient);
                release(residuals);
            }
            return gradient.view(gradHidden.size(0), gradHidden.size(1), -1);
        });
    }

    private void backward(int layer, Tensor gradient) {
        if (!checkpointing) {
            try (LayerPass pass = layers.remove(layer)) {
                pass.backward(gradient);
            }
            return;
        }
        try (PointerScope scope = new PointerScope();
                LayerPass pass = new LayerPass(
                        decoder.layers().get(layer),
                        last(),
                        layout.angles(decoder.rope()),
                        layout.attention(decoder))) {
            pass.backward(gradient);
        }
    }

    /** Frees the newest. */
    private static void release(List<Tensor> tensors) {
        Scopes.release(tensors.remove(tensors.size() - 1));
    }

    @Override
    public void close() {
        Scopes.release(hidden);
        layers.forEach(LayerPass::close);
        residuals.forEach(Scopes::release);
    }
}
