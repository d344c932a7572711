package dev.flipside.model;

import dev.flipside.engine.Scopes;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One block forward, and backward by hand: what {@link DecoderLayer#forward} and autograd compute, in another order of
 * rounding.
 *
 * <p>Keeps the block's input, the residual between its halves and the outputs of the two wide products; norms and the
 * gated product are computed again, which costs less than reading them back from memory, and weight gradients are added
 * where they belong without a matrix in between. Float32 only. Native memory lives until {@link #close}.
 */
final class LayerPass implements AutoCloseable {
    private final DecoderLayer layer;
    private final DecoderConfig config;
    private final RmsNorm norm;

    /** [N, D] each. */
    private final Tensor input;

    private final AttentionPass attention;
    private final Tensor middle;
    /** [N, 2 F]. */
    private final Tensor gateUp;

    private final Tensor output;

    /**
     * Forward.
     *
     * @param x [N, D] contiguous; must outlive this pass
     * @param attend from queries, keys and values [N, (H + 2 KV) headDim], which it may keep
     */
    LayerPass(DecoderLayer layer, Tensor x, Function<Tensor, AttentionPass> attend) {
        this.layer = layer;
        config = layer.config();
        norm = new RmsNorm(config.normEps());
        input = x;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            attention = attend.apply(layer.linear(
                    normed(x, BlockModules.ATTENTION_NORM),
                    BlockModules.QKV,
                    config.biases().qkv()));
            middle = Scopes.keep(layer.linear(
                    attention.mixed(), BlockModules.OUTPUT, config.biases().output()));
            middle.add_(x);
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            gateUp = Scopes.keep(layer.linear(
                    normed(middle, BlockModules.MLP_NORM),
                    BlockModules.GATE_UP,
                    config.biases().mlp()));
            output = Scopes.keep(layer.linear(
                    torch.silu(gate()).mul_(up()),
                    BlockModules.DOWN,
                    config.biases().mlp()));
            output.add_(middle);
        }
    }

    /** The residual stream after this block, [N, D]; valid until {@link #close}. */
    Tensor output() {
        return output;
    }

    private Tensor normed(Tensor x, String module) {
        return norm.forward(x, layer.weight(module + ".weight"));
    }

    private Tensor gate() {
        return gateUp.narrow(1, 0, config.intermediateSize());
    }

    private Tensor up() {
        return gateUp.narrow(1, config.intermediateSize(), config.intermediateSize());
    }

    /**
     * Adds the gradients of the block's weights.
     *
     * @param gradient with respect to {@link #output}, [N, D]; becomes the one with respect to the input
     */
    void backward(Tensor gradient) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            throughMlp(gradient);
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            throughAttention(gradient);
        }
    }

    private void throughMlp(Tensor gradient) {
        Tensor activated = torch.silu(gate());
        Tensor gradGated = throughDense(
                gradient,
                activated.mul(up()),
                BlockModules.DOWN,
                config.biases().mlp());
        Tensor gradGateUp = torch.empty_like(gateUp);
        torch.mul_out(gradGateUp.narrow(1, config.intermediateSize(), config.intermediateSize()), gradGated, activated);
        torch.silu_backward_out(gradGateUp.narrow(1, 0, config.intermediateSize()), gradGated.mul_(up()), gate());
        Scopes.release(activated);
        Tensor normed = normed(middle, BlockModules.MLP_NORM);
        Tensor gradNormed = throughDense(
                gradGateUp, normed, BlockModules.GATE_UP, config.biases().mlp());
        throughNorm(gradNormed, middle, BlockModules.MLP_NORM, gradient);
    }

    private void throughAttention(Tensor gradient) {
        Tensor gradMixed = throughDense(
                gradient,
                attention.mixed(),
                BlockModules.OUTPUT,
                config.biases().output());
        Tensor gradQkv = attention.backward(gradMixed);
        Tensor normed = normed(input, BlockModules.ATTENTION_NORM);
        Tensor gradNormed =
                throughDense(gradQkv, normed, BlockModules.QKV, config.biases().qkv());
        throughNorm(gradNormed, input, BlockModules.ATTENTION_NORM, gradient);
    }

    private Tensor throughDense(Tensor gradOutput, Tensor x, String name, boolean bias) {
        return layer.throughLinear(gradOutput, x, name, bias);
    }

    private void throughNorm(Tensor gradNormed, Tensor x, String module, Tensor gradient) {
        String name = module + ".weight";
        norm.backward(gradNormed, x, layer.weight(name).detach(), layer.gradient(name), gradient);
    }

    @Override
    public void close() {
        Scopes.release(output);
        Scopes.release(gateUp);
        Scopes.release(middle);
        attention.close();
    }
}
