package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.Norm;
import dev.flipside.model.family.DecoderConfig.Placement;
import dev.flipside.model.family.DecoderConfig.Residual;
import java.util.Optional;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * One block as {@link DecoderConfig.Block} describes it: attention and an MLP or experts, each added to the residual
 * stream.
 */
final class DecoderLayer {

    private final int index;
    private final DecoderConfig config;
    private final ModelWeights weights;
    private final Optional<LoraDropout> dropout;

    DecoderLayer(int index, DecoderConfig config, ModelWeights weights) {
        this(index, config, weights, Optional.empty());
    }

    private DecoderLayer(int index, DecoderConfig config, ModelWeights weights, Optional<LoraDropout> dropout) {
        this.index = index;
        this.config = config;
        this.weights = weights;
        this.dropout = dropout;
    }

    /** The same layer in a pass that drops inputs of adapters. */
    DecoderLayer dropping(LoraDropout dropout) {
        return new DecoderLayer(index, config, weights, Optional.of(dropout));
    }

    /** The residual stream after this block, [B, T, D] like {@code x}. */
    Tensor forward(Tensor x, LayerAngles angles, Attention attention, RouterListener router) {
        Residual residual = config.block().residual();
        Tensor input = before(x, BlockModules.ATTENTION_NORM);
        Tensor attended = after(attend(input, angles, attention), BlockModules.ATTENTION_OUTPUT_NORM);
        if (residual == Residual.SEQUENTIAL) {
            Tensor middle = x.add(attended);
            return middle.add(after(mlp(before(middle, BlockModules.MLP_NORM), router), BlockModules.MLP_OUTPUT_NORM));
        }
        Tensor mlpInput = residual == Residual.PARALLEL_ONE_NORM ? input : before(x, BlockModules.MLP_NORM);
        return after(mlp(mlpInput, router), BlockModules.MLP_OUTPUT_NORM)
                .add(attended)
                .add(x);
    }

    private Tensor before(Tensor x, String module) {
        return config.block().placement() == Placement.AFTER ? x : norm(x, module);
    }

    /** What a half of a block adds to the residual stream. */
    private Tensor after(Tensor x, String module) {
        Tensor normed = config.block().placement() == Placement.BEFORE ? x : norm(x, module);
        double scale = config.scales().residual();
        return scale == 1 ? normed : normed.mul(new Scalar(scale));
    }

    private Tensor attend(Tensor x, LayerAngles angles, Attention attention) {
        Tensor qkv = linear(x, BlockModules.QKV, config.biases().qkv());
        return linear(
                mix(qkv, angles, attention),
                BlockModules.OUTPUT,
                config.biases().output());
    }

    /**
     * What lies between the two products of an attention block.
     *
     * @param qkv queries, keys and values [B, T, (H + 2 KV) headDim]
     * @return [B, T, H * headDim]
     */
    Tensor mix(Tensor qkv, LayerAngles angles, Attention attention) {
        int rotated = config.heads() + config.kvHeads();
        Tensor heads = qkv.view(qkv.size(0), qkv.size(1), config.fusedHeads(), config.headDim());
        Tensor normed = headNorms(qkv, heads.narrow(2, 0, rotated));
        Optional<RotaryAngles> own = angles.of(index);
        Tensor qk = own.isPresent() ? own.get().rotate(normed) : normed;
        Tensor v = heads.narrow(2, rotated, config.kvHeads());
        Tensor q = qk.narrow(2, 0, config.heads());
        Tensor scaled = config.attention().dividedByLayer() ? q.div(new Scalar(index + 1.0)) : q;
        return attention.apply(index, scaled, qk.narrow(2, config.heads(), config.kvHeads()), v);
    }

    /** @param qk queries and keys of {@code qkv} [B, T, H + KV, headDim] */
    private Tensor headNorms(Tensor qkv, Tensor qk) {
        return switch (config.attention().headNorms()) {
            case NONE -> qk;
            case EACH -> headNorm(qk, headScales(config, weights, index), config);
            case EACH_ITS_OWN -> {
                Tensor scales = Tensors.cat(
                        0, weight(BlockModules.QUERY_NORM + ".weight"), weight(BlockModules.KEY_NORM + ".weight"));
                yield Norms.centred(qk, config.normEps()).mul(scales.view(-1, config.headDim()));
            }
            case TOGETHER -> {
                long q = (long) config.heads() * config.headDim();
                long kv = (long) config.kvHeads() * config.headDim();
                yield Tensors.cat(
                                -1,
                                norm(qkv.narrow(-1, 0, q), BlockModules.QUERY_NORM),
                                norm(qkv.narrow(-1, q, kv), BlockModules.KEY_NORM))
                        .view_as(qk);
            }
        };
    }

    /**
     * Each head of queries and keys is normalised with one weight for all query heads and one for all key heads: [H +
     * KV, headDim].
     */
    static Tensor headScales(DecoderConfig config, ModelWeights weights, int layer) {
        if (config.attention().headNorms() != HeadNorms.EACH) {
            throw new IllegalArgumentException(
                    "heads are normalised " + config.attention().headNorms());
        }
        long headDim = config.headDim();
        return Tensors.cat(
                0,
                Norms.factor(
                                config.block().norm(),
                                weights.get(WeightLayout.layer(layer, BlockModules.QUERY_NORM + ".weight")))
                        .expand(config.heads(), headDim),
                Norms.factor(
                                config.block().norm(),
                                weights.get(WeightLayout.layer(layer, BlockModules.KEY_NORM + ".weight")))
                        .expand(config.kvHeads(), headDim));
    }

    /** @param qk queries and keys [..., H + KV, headDim] */
    static Tensor headNorm(Tensor qk, Tensor scales, DecoderConfig config) {
        return Norms.unit(qk, config.normEps()).mul(scales);
    }

    private Tensor mlp(Tensor x, RouterListener router) {
        if (config.experts(index).isPresent()) {
            return new ExpertMlp(this, config.experts(index).get()).forward(x, router);
        }
        boolean bias = config.biases().mlp();
        Tensor inner = config.block().gated()
                ? gated(linear(x, BlockModules.GATE_UP, bias), config.intermediateSize())
                : activation(linear(x, BlockModules.UP, bias));
        return linear(inner, BlockModules.DOWN, bias);
    }

    /** @param gateUp [..., 2 width] */
    Tensor gated(Tensor gateUp, long width) {
        return activation(gateUp.narrow(-1, 0, width)).mul(gateUp.narrow(-1, width, width));
    }

    private Tensor activation(Tensor x) {
        return activation(config.block().activation(), x);
    }

    static Tensor activation(DecoderConfig.Activation function, Tensor x) {
        return switch (function) {
            case SILU -> torch.silu(x);
            case GELU -> torch.gelu(x);
            case GELU_TANH -> torch.gelu(x, "tanh");
            case GELU_CLIPPED ->
                torch.gelu(x).clamp(new ScalarOptional(new Scalar(-10.0)), new ScalarOptional(new Scalar(10.0)));
            case GELU_QUICK -> x.mul(x.mul(new Scalar(1.702)).sigmoid());
            case RELU -> torch.relu(x);
            case RELU_SQUARED -> torch.relu(x).square();
            case RELU6 -> torch.relu6(x);
            case LEAKY_RELU -> torch.leaky_relu(x, new Scalar(0.01));
            case SIGMOID -> x.sigmoid();
            case TANH -> x.tanh();
            case MISH -> torch.mish(x);
            case HARD_SWISH -> torch.hardswish(x);
            case LINEAR -> x;
        };
    }

    private Tensor norm(Tensor x, String module) {
        Norm norm = config.block().norm();
        return norm.kind() == DecoderConfig.NormKind.LAYER
                ? Norms.layer(x, weight(module + ".weight"), weight(module + ".bias"), norm.eps())
                : Norms.rms(x, Norms.factor(norm, weight(module + ".weight")), norm.eps());
    }

    /** x through the dense layer of that name and its adapter, with autograd when grad mode is on. */
    Tensor linear(Tensor x, String name, boolean bias) {
        TensorOptional addend = bias(name, bias);
        Tensor weight = weights.factor(slot(name + ".weight"));
        Tensor y = GradMode.is_enabled() ? torch.linear(x, weight, addend) : DenseProducts.linear(x, weight, addend);
        return weights.lora()
                .map(lora -> lora.forward(slot(name + ".weight"), weight, addend, x, y, dropout))
                .orElse(y);
    }

    /** The bias of a dense layer with what an adapter makes of it; absent where neither has one. */
    TensorOptional bias(String name, boolean present) {
        return weights.bias(slot(name + ".weight"), present);
    }

    /**
     * Goes backward through {@link #linear} by hand, and adds the gradients of what learns in it.
     *
     * @param gradOutput [N, O]
     * @param x [N, K]
     * @return the gradient for x, [N, K]
     */
    Tensor throughLinear(Tensor gradOutput, Tensor x, String name, boolean bias) {
        Tensor weight = weights.factor(slot(name + ".weight")).detach();
        gradient(name + ".weight").ifPresent(into -> DenseProducts.addGradWeight(gradOutput, x, into));
        if (bias) {
            gradient(name + ".bias").ifPresent(into -> into.add_(gradOutput.sum(0L)));
        }
        weights.lora().flatMap(lora -> lora.bias(slot(name + ".weight"))).ifPresent(b -> b.backward(gradOutput));
        return weights.lora()
                .map(lora -> lora.backward(slot(name + ".weight"), weight, x, gradOutput, dropout))
                .orElseGet(() -> DenseProducts.gradInput(gradOutput, weight));
    }

    /** Which block of the decoder, from 0. */
    int index() {
        return index;
    }

    DecoderConfig config() {
        return config;
    }

    /** A weight of this block by its name within it. */
    Tensor weight(String name) {
        return weights.get(slot(name));
    }

    /** The same with an adapter merged into it. */
    Tensor merged(String name) {
        return weights.merged(slot(name));
    }

    /** Where the gradient of a weight is added; empty where it is frozen. */
    Optional<Tensor> gradient(String name) {
        return weights.gradient(slot(name));
    }

    private String slot(String name) {
        return WeightLayout.layer(index, name);
    }

    /** Gradients of {@code output}, given those with respect to it, added into every leaf below. */
    static void backward(Tensor output, Tensor gradient) {
        torch.backward(
                new TensorVector(output), new TensorVector(gradient), new BoolOptional(), false, new TensorVector());
    }
}
