package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A decoder-only transformer: token ids to hidden states.
 *
 * <p>Rows are padded on the right with any valid id: under a causal mask padding never reaches an earlier position, so
 * no padding mask exists, and what is computed at padded positions is to be ignored. Tensors that methods return belong
 * to the caller's scope. Not thread-safe for a shared {@link KvCache}, safe otherwise.
 */
public final class Decoder implements AutoCloseable {
    private final DecoderConfig config;
    private final ModelWeights weights;
    private final DecoderPlan plan;
    private final List<DecoderLayer> layers = new ArrayList<>();
    private final RotaryTables rotary;

    Decoder(DecoderConfig config, ModelWeights weights, Precision precision) {
        this.config = config;
        plan = new DecoderPlan(config, weights.device(), precision);
        this.weights = weights.in(plan.precision());
        for (int i = 0; i < config.layers(); i++) {
            layers.add(new DecoderLayer(i, config, this.weights));
        }
        rotary = new RotaryTables(config.positions(), weights.device());
    }

    public DecoderConfig config() {
        return config;
    }

    public Device device() {
        return weights.device();
    }

    Precision precision() {
        return plan.precision();
    }

    /** Which faster ways compute what this does. */
    public DecoderPlan plan() {
        return plan;
    }

    ModelWeights weights() {
        return weights;
    }

    /**
     * Hidden states after the final norm.
     *
     * @param ids int64 [B, T], right-padded
     * @return float32 [B, T, D]; part of an autograd graph when grad mode is on and the weights are trained
     */
    public Tensor hidden(Tensor ids) {
        try (Autocast autocast = new Autocast(precision(), device())) {
            return Scopes.scoped(() -> {
                long tokens = ids.size(1);
                Tensor embedded = embed(ids, () -> PaddedLayout.positions(tokens, device()));
                return finalNorm(blocks(embedded, rotary.upTo(tokens), causal(tokens), RouterListener.NONE));
            });
        }
    }

    /** The same for rows in any layout, without autograd: float32 [B, T, D] in the layout's order. */
    Tensor hidden(RowLayout layout) {
        if (plan.attention()) {
            return Scopes.scoped(() -> {
                try (NoGradGuard guard = new NoGradGuard()) {
                    return planned(layout, embed(layout), (layer, keys, values) -> {});
                }
            });
        }
        try (Autocast autocast = new Autocast(precision(), device())) {
            return Scopes.scoped(() -> finalNorm(
                    blocks(embed(layout), layout.angles(rotary), layout.attention(this), RouterListener.NONE)));
        }
    }

    /**
     * Takes one layer's rotated keys and values of whole rows, or of prefixes: [rows, KV, T, headDim] each, valid
     * during the call.
     */
    @FunctionalInterface
    interface KeysAndValues {
        void put(int layer, Tensor keys, Tensor values);
    }

    /**
     * {@link #hidden} block by block with planned attention, where the plan has it.
     *
     * @param embedded [B, T, D]
     */
    Tensor planned(RowLayout layout, Tensor embedded, KeysAndValues store) {
        Tensor rows = embedded.view(-1, config.hiddenSize());
        try (PlannedAttention attention = new PlannedAttention(this, layout)) {
            for (DecoderLayer layer : layers) {
                Tensor input = rows;
                rows = Scopes.scoped(() -> {
                    try (LayerPass pass = new LayerPass(layer, input, qkv -> {
                        PlannedAttention.Pass mixing = attention.pass(qkv);
                        store.put(layer.index(), mixing.keys(), mixing.values());
                        return mixing;
                    })) {
                        return pass.output().detach();
                    }
                });
                if (layer.index() > 0) {
                    Scopes.release(input);
                }
            }
        }
        return finalNorm(rows).view_as(embedded);
    }

    /**
     * Scores of the whole vocabulary.
     *
     * @param hidden float32 [..., D]
     * @return float32 [..., V]
     */
    public Tensor logits(Tensor hidden) {
        try (Autocast autocast = new Autocast(precision(), device())) {
            return Scopes.scoped(() -> {
                Tensor products = weights.scores(hidden).to(ScalarType.Float);
                double scale = config.scales().logits();
                return capped(scale == 1 ? products : products.mul(new Scalar(scale)));
            });
        }
    }

    private Tensor capped(Tensor scores) {
        OptionalDouble cap = config.scales().logitSoftCap();
        return cap.isEmpty()
                ? scores
                : scores.div(new Scalar(cap.getAsDouble())).tanh().mul(new Scalar(cap.getAsDouble()));
    }

    /**
     * A forward pass that can be followed by a backward pass.
     *
     * @param gradientCheckpointing keep only the input of each layer and compute its inside again in the backward pass:
     *     one more forward pass of time for a memory that does not grow with the inside of the layers; gradients are
     *     the same
     * @param dropoutKey names the optimiser step whose adapters drop some of their inputs; without one nothing is
     *     dropped
     */
    HiddenPass pass(RowLayout layout, boolean gradientCheckpointing, OptionalLong dropoutKey) {
        Optional<LoraDropout> dropout = weights.lora()
                .map(lora -> lora.config().loraDropout())
                .filter(share -> share > 0 && dropoutKey.isPresent())
                .map(share -> new LoraDropout(share, dropoutKey.getAsLong(), layout, device()));
        List<DecoderLayer> dropping = dropout.map(
                        d -> layers.stream().map(layer -> layer.dropping(d)).toList())
                .orElse(layers);
        return new HiddenPass(this, layout, gradientCheckpointing, dropping, dropout);
    }

    /**
     * Runs each prompt once and lays out its keys and values for the rows that continue it.
     *
     * @param prompts token ids, at least one each
     * @param copies rows per prompt; rows are ordered by prompt
     * @param maxNewTokens how often {@link #step} may be called
     */
    public KvCache prefill(List<int[]> prompts, int[] copies, int maxNewTokens) {
        Batches.requireFitting(prompts, config);
        KvCache cache = new KvCache(this, prompts, copies, maxNewTokens);
        try {
            cache.prefill(prompts);
            return cache;
        } catch (RuntimeException e) {
            // Out of memory on a GPU can be met with fewer rows, if the cache that did not fit is gone.
            cache.close();
            throw e;
        }
    }

    /**
     * One more token for each row of the cache.
     *
     * @param tokens int64 [B] or [B, 1]
     * @return the hidden states after them, float32 [B, D]
     */
    public Tensor step(Tensor tokens, KvCache cache) {
        try (Autocast autocast = new Autocast(precision(), device())) {
            return Scopes.scoped(() -> {
                try (NoGradGuard guard = new NoGradGuard()) {
                    LayerAngles angles =
                            rotary.at(cache.positions(), cache.nextSlot() + 1L, cache.beyondOriginalContext());
                    Tensor embedded =
                            embed(tokens.view(-1, 1), () -> cache.positions().view(-1, 1));
                    Tensor hidden =
                            finalNorm(blocks(embedded, angles, cache.begin(tokens.numel()), RouterListener.NONE));
                    cache.advance();
                    return hidden.view(-1, config.hiddenSize());
                }
            });
        }
    }

    Tensor embed(RowLayout layout) {
        return embed(layout.ids(device()), () -> layout.positions(device()));
    }

    /** @param positions int64, to broadcast over {@code ids}; asked for where they are learned */
    private Tensor embed(Tensor ids, Supplier<Tensor> positions) {
        Tensor tokens = weights.embed(WeightLayout.EMBEDDING, ids);
        double scale = config.scales().embedding();
        Tensor scaled = scale == 1 ? tokens : tokens.mul(new Scalar(scale));
        return config.positions().learned()
                ? scaled.add(weights.embed(WeightLayout.POSITIONS, withinContext(positions.get())))
                : scaled;
    }

    /** Padding may stand beyond the last position that has an embedding. */
    Tensor withinContext(Tensor positions) {
        return positions.clamp_max(new Scalar(config.maxPositionEmbeddings() - 1L));
    }

    /** All blocks, one after the other; only the last one's output is kept unless autograd holds more. */
    Tensor blocks(Tensor embedded, LayerAngles angles, Attention attention, RouterListener router) {
        return blocks(layers, embedded, angles, attention, router);
    }

    static Tensor blocks(
            List<DecoderLayer> layers,
            Tensor embedded,
            LayerAngles angles,
            Attention attention,
            RouterListener router) {
        Tensor x = embedded;
        for (int i = 0; i < layers.size(); i++) {
            DecoderLayer layer = layers.get(i);
            Tensor input = x;
            x = Scopes.scoped(() -> layer.forward(input, angles, attention, router));
            if (i > 0) {
                Scopes.release(input);
            }
        }
        return x;
    }

    Tensor finalNorm(Tensor x) {
        Tensor weight = weights.get(WeightLayout.FINAL_NORM);
        return config.block().norm().kind() == DecoderConfig.NormKind.LAYER
                ? Norms.layer(x, weight, weights.get(WeightLayout.FINAL_NORM_BIAS), config.normEps())
                : Norms.rms(x, Norms.factor(config.block().norm(), weight), config.normEps());
    }

    List<DecoderLayer> layers() {
        return layers;
    }

    RotaryTables rotary() {
        return rotary;
    }

    CausalAttention causal(long tokens) {
        return new CausalAttention(config, precision(), device(), tokens);
    }

    /** Frees the rotary tables; the weights belong to the model. */
    @Override
    public void close() {
        rotary.close();
    }
}
