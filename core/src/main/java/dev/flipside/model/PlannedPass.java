package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The pass by hand, block after block ({@link LayerPass}), where {@link DecoderPlan#blocks} holds.
 *
 * <p>Without checkpointing every block keeps what its backward pass needs and frees it as soon as that is done; with it
 * every block keeps its input alone and runs forward once more.
 */
final class PlannedPass implements BlocksPass {
    private final Decoder decoder;
    private final RowLayout layout;
    private final List<DecoderLayer> blocks;
    private final boolean checkpointing;
    private final RmsNorm norm;

    /** B, T and D of the layout. */
    private final long[] shape;

    /** The input of each block, and what the last one made, [B * T, D]. */
    private final List<Tensor> residuals = new ArrayList<>();

    /** One a block; empty with checkpointing. */
    private final List<LayerPass> layers = new ArrayList<>();

    /** Of all layers, where the plan has it. */
    private final Optional<PlannedAttention> plannedAttention;

    private final Tensor hidden;

    /** @param blocks the decoder's layers, as this pass runs them */
    PlannedPass(Decoder decoder, RowLayout layout, Tensor embedded, boolean checkpointing, List<DecoderLayer> blocks) {
        this.decoder = decoder;
        this.layout = layout;
        this.checkpointing = checkpointing;
        this.blocks = blocks;
        norm = new RmsNorm(decoder.config().normEps());
        try (Scopes.Frozen scope = Scopes.frozen()) {
            shape = new long[] {embedded.size(0), embedded.size(1), embedded.size(2)};
            plannedAttention =
                    decoder.plan().attention() ? Optional.of(new PlannedAttention(decoder, layout)) : Optional.empty();
            AttentionFactory attention = attention();
            residuals.add(Scopes.keep(embedded.detach().view(-1, shape[2])));
            for (DecoderLayer layer : blocks) {
                LayerPass pass = new LayerPass(layer, last(), qkv -> attention.of(layer, qkv));
                residuals.add(Scopes.keep(pass.output().detach()));
                if (checkpointing) {
                    pass.close();
                } else {
                    layers.add(pass);
                }
            }
            hidden = Scopes.keep(norm.forward(last(), finalNormWeight()).view(shape));
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
    public double balanceLoss() {
        return 0;
    }

    @Override
    public Tensor backward(Tensor gradHidden, double balanceWeight) {
        return Scopes.scoped(() -> {
            Tensor gradient = torch.zeros_like(last());
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor gradOutput =
                        gradHidden.reshape(gradient.size(0), gradient.size(1)).clone();
                norm.backward(
                        gradOutput,
                        last().view_as(gradient),
                        finalNormWeight().detach(),
                        decoder.weights().gradient(WeightLayout.FINAL_NORM),
                        gradient);
            }
            release(residuals);
            for (int i = blocks.size() - 1; i >= 0; i--) {
                backward(i, gradient);
                release(residuals);
            }
            return gradient.view(shape);
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
                LayerPass pass = again(blocks.get(layer))) {
            pass.backward(gradient);
        }
    }

    private LayerPass again(DecoderLayer layer) {
        AttentionFactory attention = attention();
        return new LayerPass(layer, last(), qkv -> attention.of(layer, qkv));
    }

    /** Makes each layer's attention. */
    private interface AttentionFactory {
        AttentionPass of(DecoderLayer layer, Tensor qkv);
    }

    private AttentionFactory attention() {
        if (plannedAttention.isPresent()) {
            return (layer, qkv) -> plannedAttention.get().pass(qkv);
        }
        LayerAngles angles = layout.angles(decoder.rotary());
        Attention functional = layout.attention(decoder);
        return (layer, qkv) -> new AutogradAttention(layer, qkv.view(shape[0], shape[1], -1), angles, functional);
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
        plannedAttention.ifPresent(PlannedAttention::close);
    }
}
