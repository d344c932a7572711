package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightFiles;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The weights that a decoder computes with: all of them trained, or a frozen base, which other models may share, below
 * an adapter that is trained.
 */
final class ModelWeights implements AutoCloseable {
    private static final String BIAS = ".bias";

    private final Parameters base;
    private final boolean shared;
    private final Optional<Lora> lora;
    private final Precision precision;
    /** Whether products take matrices rounded to bfloat16. */
    private final boolean rounding;

    private ModelWeights(Parameters base, boolean shared, Optional<Lora> lora) {
        this(base, shared, lora, Precision.FLOAT32);
    }

    private ModelWeights(Parameters base, boolean shared, Optional<Lora> lora, Precision precision) {
        this.base = base;
        this.shared = shared;
        this.lora = lora;
        this.precision = precision;
        rounding = precision != Precision.FLOAT32;
    }

    /** All of them trained, or none. */
    static ModelWeights of(Parameters all) {
        return new ModelWeights(all, false, Optional.empty());
    }

    /** @param shared whether someone else closes the base */
    static ModelWeights adapted(Parameters base, boolean shared, Lora lora) {
        return new ModelWeights(base, shared, Optional.of(lora));
    }

    /**
     * The same frozen base with a copy of the adapter; without an adapter a copy of everything. Must be closed before
     * the base.
     */
    ModelWeights copy() {
        return lora.isPresent()
                ? new ModelWeights(base, true, lora.map(Lora::copy))
                : new ModelWeights(base.copy(), false, Optional.empty());
    }

    /** {@link #copy} that never learns, its matrices in bfloat16 alone; an adapter and its base stay float32. */
    ModelWeights constantCopy() {
        return lora.isPresent() ? copy() : new ModelWeights(base.constantCopy(), false, Optional.empty());
    }

    /**
     * The same weights for a decoder of that precision, not to be closed: unless it is {@link Precision#FLOAT32}
     * {@link #factor}, {@link #merged(String)}, embeddings and the vocabulary head have matrices rounded to the nearest
     * bfloat16. An adapter's low-rank updates stay as they are.
     */
    ModelWeights in(Precision precision) {
        return new ModelWeights(base, shared, lora, precision);
    }

    /** The frozen base alone. Must be closed before it. */
    ModelWeights withoutAdapter() {
        return new ModelWeights(base, true, Optional.empty());
    }

    /**
     * What computes under that name, without low-rank updates: the adapter's own weight, or the base's. The vocabulary
     * head of a tied model is the base's embedding, and the adapter's where that is tied too.
     */
    Tensor get(String slot) {
        return find(slot, Parameters::get);
    }

    private Tensor find(String slot, BiFunction<Parameters, String, Tensor> among) {
        if (replaces(slot)) {
            return among.apply(trained(), slot);
        }
        if (isTiedHead(slot)) {
            return lora.filter(l -> l.layout().tied()).isPresent()
                    ? find(WeightLayout.EMBEDDING, among)
                    : among.apply(untrained(WeightLayout.EMBEDDING), WeightLayout.EMBEDDING);
        }
        return among.apply(untrained(slot), slot);
    }

    private Parameters untrained(String slot) {
        return lora.map(Lora::frozen).filter(frozen -> frozen.has(slot)).orElse(base);
    }

    /**
     * {@link #get} as products take it. Rounded and without autograd it is bfloat16; with autograd the gradient of the
     * rounded weight counts as that of the weight, which torch's autocast rounds, or else it is rounded here and
     * float32.
     */
    Tensor factor(String slot) {
        if (!rounding || !GradMode.is_enabled()) {
            return constantFactor(slot);
        }
        if (precision == Precision.BFLOAT16) {
            Tensor weight = get(slot);
            return weight.requires_grad() ? weight : constantFactor(slot);
        }
        return straightThrough(get(slot), constantFactor(slot));
    }

    /** {@link #factor} without autograd where it is rounded. */
    private Tensor constantFactor(String slot) {
        return rounding ? find(slot, Parameters::rounded) : get(slot);
    }

    /** Float32 values of {@code rounded}, gradients to {@code weight}: w + (r - w) is r, since r - w is exact. */
    private static Tensor straightThrough(Tensor weight, Tensor rounded) {
        Tensor values = rounded.detach().to(ScalarType.Float);
        return weight.requires_grad() ? weight.add(values.sub(weight.detach())) : values;
    }

    private boolean isTiedHead(String slot) {
        return slot.equals(WeightLayout.VOCABULARY_HEAD) && !base.has(slot);
    }

    private boolean replaces(String slot) {
        return lora.filter(l -> l.replaces(slot)).isPresent();
    }

    /** Where the gradient of a slot is added; empty where it is frozen. */
    Optional<Tensor> gradient(String slot) {
        if (isTiedHead(slot) && !replaces(slot)) {
            return lora.isEmpty() || lora.get().layout().tied() ? gradient(WeightLayout.EMBEDDING) : Optional.empty();
        }
        return lora.isEmpty() || replaces(slot) ? Optional.of(get(slot).grad()) : Optional.empty();
    }

    /**
     * {@link #factor} without autograd, with the adapter merged into it: float32 where the adapter has a part in it.
     */
    Tensor merged(String slot) {
        if (lora.isPresent() && slot.endsWith(BIAS)) {
            String weight = WeightLayout.module(slot) + ".weight";
            return base.has(weight) && base.get(weight).dim() == 2
                    ? bias(weight, true).get()
                    : get(slot);
        }
        Tensor weight = constantFactor(slot);
        if (lora.isEmpty()) {
            return weight;
        }
        Tensor floats = rounding ? weight.to(ScalarType.Float) : weight;
        Tensor merged = lora.get().merged(slot, floats);
        return merged == floats ? weight : merged;
    }

    /**
     * The bias of a dense layer, with autograd when grad mode is on; absent where neither the base nor the adapter has
     * one.
     *
     * @param slot of the layer's weight
     * @param present whether the base has one
     */
    TensorOptional bias(String slot, boolean present) {
        TensorOptional own = present ? new TensorOptional(get(WeightLayout.biasOf(slot))) : Tensors.NONE;
        return lora.flatMap(l -> l.bias(slot))
                .map(bias -> new TensorOptional(bias.of(get(slot), own)))
                .orElse(own);
    }

    /** Rows of an embedding, with autograd when grad mode is on. */
    Tensor embed(String slot, Tensor ids) {
        Optional<AdaptedEmbedding> adapted = lora.flatMap(l -> l.ofEmbedding(slot));
        if (rounding && (adapted.isPresent() || !GradMode.is_enabled())) {
            Tensor table = find(slot, Parameters::rounded);
            return adapted.map(e -> e.lookup(table, ids))
                    .orElseGet(() -> torch.embedding(table, ids))
                    .to(ScalarType.Float);
        }
        Tensor rows = adapted.map(e -> e.lookup(get(slot), ids)).orElseGet(() -> torch.embedding(get(slot), ids));
        return rounding ? straightThrough(rows, rows.to(ScalarType.BFloat16)) : rows;
    }

    /**
     * Adds the gradients of an embedding, or of its adapter.
     *
     * @param ids int64 [N]
     * @param gradRows [N, D]
     */
    void embeddingBackward(String slot, Tensor ids, Tensor gradRows) {
        gradient(slot).ifPresent(sum -> sum.index_add_(0, ids, gradRows));
        lora.flatMap(l -> l.ofEmbedding(slot)).ifPresent(e -> e.backward(factor(slot), ids, gradRows));
    }

    /** The vocabulary head as training walks over it. */
    VocabularyMatrix vocabulary(Optional<LoraDropout> dropout) {
        Tensor weight = constantFactor(WeightLayout.VOCABULARY_HEAD).detach();
        return lora.filter(Lora::changesHead)
                .map(l -> l.head(rounding ? weight.to(ScalarType.Float) : weight, dropout))
                .orElseGet(() -> new VocabularyMatrix.Plain(weight, () -> gradient(WeightLayout.VOCABULARY_HEAD)));
    }

    /** Products of hidden states [..., D] with the vocabulary head, [..., V]. */
    Tensor scores(Tensor hidden) {
        Tensor weight = factor(WeightLayout.VOCABULARY_HEAD);
        Tensor products = rounding && !GradMode.is_enabled()
                ? DenseProducts.linear(hidden, weight, Tensors.NONE)
                : torch.linear(hidden, weight);
        return lora.map(l -> l.scores(weight, hidden, products)).orElse(products);
    }

    /** Whether the vocabulary head is no longer the embedding, although the base's is. */
    boolean unties() {
        return lora.filter(Lora::unties).isPresent();
    }

    Optional<Lora> lora() {
        return lora;
    }

    /** What learns: the adapter, or else everything. */
    Parameters trained() {
        return lora.map(Lora::parameters).orElse(base);
    }

    Parameters base() {
        return base;
    }

    /** A number that every change of a weight increases. */
    long version() {
        return base.version() + lora.map(l -> l.parameters().version()).orElse(0L);
    }

    /** Allocates the gradients of what learns. */
    void train() {
        trained().train();
    }

    /** The number of the base's weights: what a merged model has. */
    long elements() {
        return base.elements();
    }

    /** About what a directory with these weights takes, the tokenizer's files included. */
    long savedBytes(WeightType type, ModelFiles files) {
        return trained().elements() * type.bytes() + files.tokenizerFiles().bytes();
    }

    Device device() {
        return base.device();
    }

    /** Whether someone else closes the base. */
    boolean shared() {
        return shared;
    }

    /** @throws UserError when no model without an adapter computes the same */
    void requireMergeable(Path directory) {
        List<String> biases = lora.map(Lora::biasesWithoutPlace).orElse(List.of());
        if (!biases.isEmpty()) {
            throw new UserError(
                    directory + ": the adapter has a bias for " + biases.get(0)
                            + " (lora_bias), which has none in the base, so that it cannot be merged (PEFT refuses it too); use the adapter as it is.");
        }
    }

    /** Weights of every slot of a layout, the adapter merged into them. */
    Parameters merged(WeightLayout layout) {
        Parameters all = new Parameters(layout.slots(), device());
        for (ParameterSlot slot : layout.slots()) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                all.get(slot.name()).copy_(merged(slot.name()));
            }
        }
        return all;
    }

    /**
     * How far the weights, adapters merged, are from those of a directory: a model of the same architecture, or an
     * adapter on the same base.
     *
     * @return {@code |w - w0| / |w0|} in the 2-norm over the layout's weights
     */
    double relativeChange(WeightLayout layout, Path directory) {
        if (lora.isEmpty()) {
            return layout.relativeChange(base, WeightFiles.open(directory));
        }
        RelativeChange change = new RelativeChange();
        Optional<Lora> initial = AdapterFiles.in(directory)
                ? Optional.of(AdapterFiles.open(directory).load(layout, base))
                : Optional.empty();
        try {
            ModelWeights before = new ModelWeights(base, true, initial);
            for (ParameterSlot slot : compared(layout)) {
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    change.add(merged(slot.name()), before.compared(slot, directory));
                }
            }
        } finally {
            initial.ifPresent(Lora::close);
        }
        return change.value();
    }

    /** The layout's slots, and the vocabulary head where it has parted from the embedding. */
    private List<ParameterSlot> compared(WeightLayout layout) {
        List<ParameterSlot> slots = new ArrayList<>(layout.slots());
        if (unties()) {
            layout.head().ifPresent(head -> slots.add(new ParameterSlot(head.slot(), head.rows(), head.columns())));
        }
        return slots;
    }

    /**
     * {@link #merged}; a reward head that neither the adapter nor the base has is that of the directory, or zero where
     * it had none.
     */
    private Tensor compared(ParameterSlot slot, Path directory) {
        String name = slot.name();
        if (replaces(name) || base.has(name) || isTiedHead(name)) {
            return merged(name);
        }
        Tensor stored = torch.zeros(slot.shape(), device().options(ScalarType.Float));
        WeightFiles files = WeightFiles.open(directory);
        if (files.has(name)) {
            files.read(name, stored);
        }
        return stored;
    }

    /**
     * Takes an adapter off these weights, which it was merged into.
     *
     * @param kept slots that the adapter may hold in the base's place, and that stay as they are
     * @throws UserError when it cannot be taken off
     */
    void unmerge(Path adapter, WeightLayout layout, Set<String> kept) {
        AdapterFiles files = AdapterFiles.open(adapter);
        LoraConfig config = files.description().lora();
        if (config.useDora()) {
            throw new UserError(
                    adapter
                            + ": a DoRA adapter cannot be taken off a merged model, which no longer holds the norms of its base; use the base model.");
        }
        if (config.initLoraWeights().changesBase()) {
            throw new UserError(
                    adapter
                            + ": an adapter that began as a part of its base (init_lora_weights) cannot be taken off a merged model, which no longer holds what that part was; use the base model.");
        }
        try (Lora merged = files.load(layout, base)) {
            requireNothingWhole(adapter, merged, kept);
            merged.unmergeFrom(base);
        }
    }

    private static void requireNothingWhole(Path adapter, Lora merged, Set<String> kept) {
        List<String> whole = merged.layout().entries().stream()
                .filter(entry -> entry.learns() && !kept.contains(entry.slot().name()))
                .map(entry -> entry.slot().name())
                .filter(name -> merged.replaces(name)
                        || name.endsWith(AdapterLayout.BASE_BIAS)
                        || name.endsWith(AdapterLayout.TOKENS))
                .toList();
        if (!whole.isEmpty()) {
            throw new UserError(adapter + ": the adapter replaced " + whole.get(0)
                    + " whole, which a merged model no longer holds as it was; use the base model.");
        }
    }

    @Override
    public void close() {
        lora.ifPresent(Lora::close);
        if (!shared) {
            base.close();
        }
    }
}
