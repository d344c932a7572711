package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Tensors;
import java.util.Optional;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** One pre-norm block: attention and a gated MLP (Shazeer, arXiv 2002.05202), each added to the residual stream. */
final class DecoderLayer {
    /** How the tokens of a block see one another: the only thing that differs between training, prefill and a decoding step. */
    @FunctionalInterface
    interface Attention {
        /**
         * @param layer which block
         * @param q rotated queries [B, T, H, headDim]
         * @param k rotated keys [B, T, KV, headDim]
         * @param v values [B, T, KV, headDim]
         * @return [B, T, H * headDim]
         */
        Tensor apply(int layer, Tensor q, Tensor k, Tensor v);
    }

    static final String ATTENTION_NORM = "input_layernorm.weight";
    static final String QKV = "self_attn.qkv_proj";
    static final String OUTPUT = "self_attn.o_proj";
    static final String MLP_NORM = "post_attention_layernorm.weight";
    static final String GATE_UP = "mlp.gate_up_proj";
    static final String DOWN = "mlp.down_proj";

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
    Tensor forward(Tensor x, Rope.Angles angles, Attention attention) {
        Tensor afterAttention = x.add(attend(norm(x, ATTENTION_NORM), angles, attention));
        return afterAttention.add(mlp(norm(afterAttention, MLP_NORM)));
    }

    private Tensor attend(Tensor x, Rope.Angles angles, Attention attention) {
        Tensor qkv = linear(x, QKV, config.biases().qkv());
        return linear(mix(qkv, angles, attention), OUTPUT, config.biases().output());
    }

    /**
     * What lies between the two products of an attention block.
     *
     * @param qkv queries, keys and values [B, T, (H + 2 KV) headDim]
     * @return [B, T, H * headDim]
     */
    Tensor mix(Tensor qkv, Rope.Angles angles, Attention attention) {
        int rotated = config.heads() + config.kvHeads();
        Tensor heads = qkv.view(qkv.size(0), qkv.size(1), config.fusedHeads(), config.headDim());
        Tensor qk = angles.rotate(headNorms(heads.narrow(2, 0, rotated)));
        Tensor v = heads.narrow(2, rotated, config.kvHeads());
        return attention.apply(
                index, qk.narrow(2, 0, config.heads()), qk.narrow(2, config.heads(), config.kvHeads()), v);
    }

    private Tensor headNorms(Tensor qk) {
        return config.headNorms() ? headNorm(qk, headScales(config, weights, index), config) : qk;
    }

    /** Qwen3 normalises each head of queries and keys, with one weight for all query heads and one for all key heads: [H + KV, headDim]. */
    static Tensor headScales(DecoderConfig config, ModelWeights weights, int layer) {
        long headDim = config.headDim();
        return Tensors.cat(
                0,
                weights.get(WeightLayout.layer(layer, "self_attn.q_norm.weight"))
                        .expand(config.heads(), headDim),
                weights.get(WeightLayout.layer(layer, "self_attn.k_norm.weight"))
                        .expand(config.kvHeads(), headDim));
    }

    /** @param qk queries and keys [..., H + KV, headDim] */
    static Tensor headNorm(Tensor qk, Tensor scales, DecoderConfig config) {
        long[] shape = {config.headDim()};
        return torch.rms_norm(qk, shape, Tensors.NONE, new DoubleOptional(config.rmsNormEps()))
                .mul(scales);
    }

    private Tensor mlp(Tensor x) {
        Tensor gateUp = linear(x, GATE_UP, config.biases().mlp());
        long width = config.intermediateSize();
        Tensor gated = torch.silu(gateUp.narrow(-1, 0, width)).mul(gateUp.narrow(-1, width, width));
        return linear(gated, DOWN, config.biases().mlp());
    }

    private Tensor norm(Tensor x, String name) {
        return rmsNorm(x, weight(name), config.rmsNormEps());
    }

    /** x through the dense layer of that name and its adapter, with autograd when grad mode is on. */
    Tensor linear(Tensor x, String name, boolean bias) {
        TensorOptional addend = bias ? new TensorOptional(weight(name + ".bias")) : Tensors.NONE;
        Tensor weight = weight(name + ".weight");
        Tensor y = GradMode.is_enabled() ? torch.linear(x, weight, addend) : DenseProducts.linear(x, weight, addend);
        return weights.lora()
                .map(lora -> lora.forward(slot(name + ".weight"), weight, addend, x, y, dropout))
                .orElse(y);
    }

    /**
     * Goes backward through {@link #linear} by hand, and adds the gradients of what learns in it.
     *
     * @param gradOutput [N, O]
     * @param x [N, K]
     * @return the gradient for x, [N, K]
     */
    Tensor throughLinear(Tensor gradOutput, Tensor x, String name, boolean bias) {
        Tensor weight = weight(name + ".weight").detach();
        gradient(name + ".weight").ifPresent(into -> DenseProducts.addGradWeight(gradOutput, x, into));
        if (bias) {
            gradient(name + ".bias").ifPresent(into -> into.add_(gradOutput.sum(0L)));
        }
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

    /** Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467) over the last dimension. */
    static Tensor rmsNorm(Tensor x, Tensor weight, double eps) {
        return torch.rms_norm(x, new long[] {weight.numel()}, new TensorOptional(weight), new DoubleOptional(eps));
    }

    /** Gradients of {@code output}, given those with respect to it, added into every leaf below. */
    static void backward(Tensor output, Tensor gradient) {
        torch.backward(
                new TensorVector(output), new TensorVector(gradient), new BoolOptional(), false, new TensorVector());
    }
}
