package dev.flipside.model;

import dev.flipside.engine.PackedWeight;
import dev.flipside.engine.Scopes;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A decoder's weights in the form that {@link GroupDecoding} wants: packed, and with everything folded in that is
 * constant, adapters among it. As large as the weights themselves, and dear enough to make (a tenth of a second for
 * 135M parameters) to be kept while they stay as they are.
 *
 * <ul>
 *   <li>The weight of a norm and the root of its width are factors of the columns of the product behind it: inputs are
 *       x / sqrt(sum(x^2) + D eps).
 *   <li>The scale of attention, 1 / sqrt(headDim), is a factor of the queries' rows.
 *   <li>The two halves of each head of queries and keys are interleaved, (0, headDim / 2, 1, headDim / 2 + 1, ...), so
 *       that a rotation is a product of complex numbers. Products of queries and keys do not change.
 * </ul>
 *
 * <p>Matrices that are rounded to bfloat16 stay the ones that training multiplies with: nothing is folded into them,
 * norms and the scale of attention are factors of their own, and only rows are interleaved.
 *
 * <p>A snapshot. Lives outside every scope until {@link #close}.
 */
public final class DecodingWeights implements AutoCloseable {
    /**
     * One block.
     *
     * @param attentionNorm the factor [D] of what goes into attention; empty where it is folded in
     * @param headScales with head norms, the factors [H + KV, headDim] of normalised queries and keys, interleaved
     * @param mlpNorm as {@code attentionNorm}
     */
    record Layer(
            Optional<Tensor> attentionNorm,
            PackedWeight qkv,
            Optional<Tensor> headScales,
            PackedWeight output,
            Optional<Tensor> mlpNorm,
            PackedWeight gate,
            PackedWeight up,
            PackedWeight down) {}

    private final Decoder decoder;
    private final DecoderConfig config;
    private final long version;
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor embedding;
    private final Optional<Tensor> finalNorm;
    private final PackedWeight head;
    private final int rows;
    private final boolean folds;

    /**
     * Packs what the weights are now.
     *
     * @param rows how many rows a step will mostly have
     */
    public DecodingWeights(Decoder decoder, int rows) {
        this.decoder = decoder;
        config = decoder.config();
        version = decoder.weights().version();
        this.rows = rows;
        folds = decoder.precision() != Precision.BFLOAT16_WEIGHTS;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            embedding =
                    Scopes.keep(decoder.weights().merged(WeightLayout.EMBEDDING).detach());
            Tensor norm = decoder.weights().get(WeightLayout.FINAL_NORM);
            finalNorm = unfolded(norm);
            head = packed(
                    decoder.weights().merged(WeightLayout.VOCABULARY_HEAD),
                    norm,
                    decoder.weights().bias(WeightLayout.VOCABULARY_HEAD, false));
        }
        for (DecoderLayer layer : decoder.layers()) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                layers.add(layer(layer, decoder));
            }
        }
    }

    private Layer layer(DecoderLayer layer, Decoder decoder) {
        Tensor attentionNorm = layer.weight(BlockModules.ATTENTION_NORM + ".weight");
        Tensor mlpNorm = layer.weight(BlockModules.MLP_NORM + ".weight");
        Tensor gateUp = layer.merged(BlockModules.GATE_UP + ".weight");
        long width = config.intermediateSize();
        boolean mlpBias = config.biases().mlp();
        TensorOptional qkvBias = layer.bias(BlockModules.QKV, config.biases().qkv());
        TensorOptional gateUpBias = layer.bias(BlockModules.GATE_UP, mlpBias);
        return new Layer(
                unfolded(attentionNorm),
                packed(
                        forAttention(layer.merged(BlockModules.QKV + ".weight")),
                        attentionNorm,
                        qkvBias.has_value() ? new TensorOptional(forAttention(qkvBias.get())) : qkvBias),
                config.headNorms() ? Optional.of(headScales(layer, decoder)) : Optional.empty(),
                plain(layer, BlockModules.OUTPUT, config.biases().output()),
                unfolded(mlpNorm),
                packed(gateUp.narrow(0, 0, width), mlpNorm, part(gateUpBias, 0)),
                packed(gateUp.narrow(0, width, width), mlpNorm, part(gateUpBias, width)),
                plain(layer, BlockModules.DOWN, mlpBias));
    }

    private TensorOptional part(TensorOptional both, long from) {
        return both.has_value() ? new TensorOptional(both.get().narrow(0, from, config.intermediateSize())) : both;
    }

    private PackedWeight plain(DecoderLayer layer, String name, boolean bias) {
        return new PackedWeight(layer.merged(name + ".weight"), layer.bias(name, bias), rows);
    }

    /** With the norm in front of it folded in, where that is done. */
    private PackedWeight packed(Tensor weight, Tensor norm, TensorOptional bias) {
        return new PackedWeight(folds ? weight.mul(columns(norm)) : weight, bias, rows);
    }

    private Optional<Tensor> unfolded(Tensor norm) {
        return folds ? Optional.empty() : Optional.of(Scopes.keep(columns(norm)));
    }

    private Tensor columns(Tensor norm) {
        return norm.mul(new Scalar(Math.sqrt(config.hiddenSize())));
    }

    /**
     * Rows of queries, keys and values [(H + 2 KV) headDim, ...]: queries scaled unless that is done later, queries and
     * keys interleaved.
     */
    private Tensor forAttention(Tensor qkv) {
        long dim = config.headDim();
        long queries = config.heads() * dim;
        long rotated = queries + config.kvHeads() * dim;
        Tensor copy = qkv.clone();
        if (folds && !config.headNorms()) {
            copy.narrow(0, 0, queries).mul_(scale());
        }
        Tensor interleaved = interleaved(copy.narrow(0, 0, rotated), 0);
        return torch.cat(
                new TensorVector(
                        interleaved.view_as(copy.narrow(0, 0, rotated)),
                        copy.narrow(0, rotated, qkv.size(0) - rotated)),
                0);
    }

    private Tensor headScales(DecoderLayer layer, Decoder decoder) {
        Tensor scales = DecoderLayer.headScales(config, decoder.weights(), layer.index())
                .clone();
        scales.narrow(0, 0, config.heads()).mul_(scale());
        return Scopes.keep(interleaved(scales, 1).view_as(scales).contiguous());
    }

    /** Whether queries are still to be divided by the root of headDim. */
    boolean scalesQueries() {
        return !folds && !config.headNorms();
    }

    Scalar scale() {
        return new Scalar(1 / Math.sqrt(config.headDim()));
    }

    /**
     * A dimension of whole heads with the halves of each head interleaved: [..., heads * (2, headDim / 2), ...] to
     * [..., heads, headDim / 2, 2, ...].
     */
    private Tensor interleaved(Tensor x, long dim) {
        return x.unflatten(dim, -1, 2, config.headDim() / 2L)
                .transpose(dim + 1, dim + 2)
                .contiguous();
    }

    /** Whether the decoder's weights are still what they were. */
    public boolean current() {
        return version == decoder.weights().version();
    }

    Decoder decoder() {
        return decoder;
    }

    List<Layer> layers() {
        return layers;
    }

    /** The model's own embedding [V, D]. */
    Tensor embedding() {
        return embedding;
    }

    /** The factor [D] of what goes into the head; empty where it is folded in. */
    Optional<Tensor> finalNorm() {
        return finalNorm;
    }

    /** The scores of the vocabulary, the final norm folded in unless {@link #finalNorm} has it. */
    PackedWeight head() {
        return head;
    }

    @Override
    public void close() {
        for (Layer layer : layers) {
            layer.attentionNorm.ifPresent(Scopes::release);
            layer.headScales.ifPresent(Scopes::release);
            layer.mlpNorm.ifPresent(Scopes::release);
            List.of(layer.qkv, layer.output, layer.gate, layer.up, layer.down).forEach(PackedWeight::close);
        }
        head.close();
        finalNorm.ifPresent(Scopes::release);
        Scopes.release(embedding);
    }
}
