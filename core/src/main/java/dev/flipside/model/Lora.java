package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * An adapter on frozen weights: what learns, and what it makes of a dense layer, an embedding and the vocabulary head.
 *
 * <ul>
 *   <li>LoRA (Hu et al., arXiv 2106.09685): y = W x + b + s B A drop(x), which is W + s B A once dropout is off; see
 *       {@link LowRank}.
 *   <li>DoRA (Liu et al., arXiv 2402.09353, equation 5): W becomes g (W + s B A) with g = m / |W + s B A|, one number a
 *       row; the norm is a constant in the gradient (their section 4.3). With dropout x is dropped in everything but W
 *       x, as PEFT does.
 *   <li>Biases: b may be the adapter's own, and B may have one, which adds s times it.
 *   <li>Embeddings: see {@link AdaptedEmbedding}; the vocabulary head: see {@link AdaptedHead}.
 *   <li>Modules that are saved whole take the place of the base's, and so does W where the adapter began as a part of
 *       it that was taken out (see {@link PrincipalParts}).
 * </ul>
 *
 * <p>A module may be a part of a slot of the base: queries of the fused slot of queries, keys and values. Lives outside
 * every scope until {@link #close}.
 */
final class Lora implements AutoCloseable {
    private final AdapterDescription description;
    private final AdapterLayout layout;
    private final Parameters parameters;
    private final Parameters frozen;
    private final boolean sharesFrozen;
    private final Map<String, List<LowRank>> terms = new HashMap<>();
    private final Map<String, AdaptedBias> biases = new HashMap<>();
    private final Map<String, AdaptedEmbedding> embeddings = new HashMap<>();
    private final Optional<TrainableTokens> headTokens;

    private final RowNorms norms;

    /**
     * @param description what the adapter's files say beside its weights
     * @param parameters those that learn
     * @param frozen those that do not: weights in the base's place, and what an initialisation freezes
     */
    Lora(AdapterDescription description, AdapterLayout layout, Parameters parameters, Parameters frozen) {
        this(description, layout, parameters, frozen, false);
    }

    private Lora(
            AdapterDescription description,
            AdapterLayout layout,
            Parameters parameters,
            Parameters frozen,
            boolean sharesFrozen) {
        this.description = description;
        this.layout = layout;
        this.parameters = parameters;
        norms = new RowNorms(parameters);
        this.frozen = frozen;
        this.sharesFrozen = sharesFrozen;
        layout.linear()
                .forEach(module -> add(module, factor(module, AdapterLayout.A), factor(module, AdapterLayout.B)));
        layout.headOfEmbedding().ifPresent(this::addHeadOfEmbedding);
        layout.model().linearModules().forEach(this::addBias);
        layout.model().head().ifPresent(this::addBias);
        layout.model().embeddings().forEach(this::addEmbedding);
        headTokens = headTokens();
    }

    private Factor factor(LinearModule module, String kind) {
        return factor(module.name() + kind).orElseThrow();
    }

    private Optional<Factor> factor(String name) {
        return parameters.has(name)
                ? Optional.of(new Factor(parameters.get(name), false, true))
                : Optional.of(name).filter(frozen::has).map(n -> new Factor(frozen.get(n), false, false));
    }

    private void add(LinearModule module, Factor a, Factor b) {
        List<LowRank> ofSlot = terms.computeIfAbsent(module.slot(), s -> new ArrayList<>());
        int number = layout.linear().indexOf(module);
        ofSlot.add(new LowRank(
                module,
                number < 0 ? layout.linear().size() : number,
                config().scaling(module.name(), a.value().size(0)),
                a,
                b,
                factor(module.name() + AdapterLayout.MAGNITUDE)));
    }

    private void addHeadOfEmbedding(LinearModule head) {
        String embedding = layout.model().embeddings().get(0).name();
        add(
                head,
                factor(embedding + AdapterLayout.EMBEDDING_B).orElseThrow().t(),
                factor(embedding + AdapterLayout.EMBEDDING_A).orElseThrow().t());
    }

    private void addBias(LinearModule module) {
        Optional<Factor> own = factor(module.name() + AdapterLayout.BASE_BIAS);
        Optional<Factor> ofB = factor(module.name() + AdapterLayout.B_BIAS);
        if (own.isPresent() || ofB.isPresent()) {
            double scaling = ofB.isEmpty()
                    ? 0
                    : config().scaling(
                                    module.name(),
                                    factor(module, AdapterLayout.A).leaf().size(0));
            biases.computeIfAbsent(module.slot(), s -> new AdaptedBias(new ArrayList<>()))
                    .parts()
                    .add(new AdaptedBias.Part(module, own, ofB, scaling));
        }
    }

    private void addEmbedding(EmbeddingModule module) {
        String name = module.name();
        Optional<AdaptedEmbedding.Update> update = factor(name + AdapterLayout.EMBEDDING_A)
                .map(a -> new AdaptedEmbedding.Update(
                        name,
                        config().scaling(name, a.leaf().size(0)),
                        a,
                        factor(name + AdapterLayout.EMBEDDING_B).orElseThrow(),
                        factor(name + AdapterLayout.MAGNITUDE)));
        Optional<TrainableTokens> tokens = tokens(name, module.rows());
        if (update.isPresent() || tokens.isPresent()) {
            embeddings.put(
                    module.slot(),
                    new AdaptedEmbedding(update, tokens, (u, w) -> norms.of(u.name(), () -> u.norms(w))));
        }
    }

    private Optional<TrainableTokens> tokens(String module, long rows) {
        return factor(module + AdapterLayout.TOKENS)
                .map(own -> TrainableTokens.of(layout.tokens().get(module), own, rows, parameters.device()));
    }

    /** Rows of the head's own, or those of the embedding that it is. */
    private Optional<TrainableTokens> headTokens() {
        Optional<LinearModule> head = layout.model().head();
        Optional<TrainableTokens> own = head.flatMap(h -> tokens(h.name(), h.rows()));
        if (own.isPresent() || !layout.model().tiedHead() || holdsHead()) {
            return own;
        }
        String embedding = layout.model().embeddings().get(0).name();
        return head.flatMap(h -> tokens(embedding, h.rows()));
    }

    AdapterDescription description() {
        return description;
    }

    AdapterLayout layout() {
        return layout;
    }

    LoraConfig config() {
        return description.lora();
    }

    /** All that learns. */
    Parameters parameters() {
        return parameters;
    }

    /** The adapter's weights that do not learn. */
    Parameters frozen() {
        return frozen;
    }

    /** Whether the adapter holds a slot of the base whole, and trains it. */
    boolean replaces(String slot) {
        return layout.replaced().contains(slot);
    }

    /** Whether the vocabulary head is the adapter's own although the base has none. */
    boolean holdsHead() {
        return replaces(WeightLayout.VOCABULARY_HEAD);
    }

    /** Whether what the model predicts with is no longer what it looks tokens up in, although the base ties them. */
    boolean unties() {
        if (!layout.model().tiedHead()) {
            return false;
        }
        Optional<AdaptedEmbedding> embedding = ofEmbedding(WeightLayout.EMBEDDING);
        boolean updated = embedding.flatMap(AdaptedEmbedding::update).isPresent()
                || terms.containsKey(WeightLayout.VOCABULARY_HEAD);
        boolean alike = layout.headOfEmbedding().isPresent() && !config().useDora();
        boolean tokensApart = layout.model()
                .head()
                .filter(h -> layout.tokens().containsKey(h.name()))
                .isPresent();
        return holdsHead() || !layout.tied() && replaces(WeightLayout.EMBEDDING) || updated && !alike || tokensApart;
    }

    Optional<AdaptedEmbedding> ofEmbedding(String slot) {
        return Optional.ofNullable(embeddings.get(slot));
    }

    /** An adapter with weights of its own for the same base; to be closed before this one. */
    Lora copy() {
        return new Lora(description, layout, parameters.copy(), frozen, true);
    }

    /**
     * The vocabulary head with the adapter's update.
     *
     * @param weight W [V, D]
     */
    VocabularyMatrix head(Tensor weight, Optional<LoraDropout> dropout) {
        Optional<LowRank> update = terms.getOrDefault(WeightLayout.VOCABULARY_HEAD, List.of()).stream()
                .findFirst();
        return new AdaptedHead(weight, update, biasOfHead(), headTokens, norms, dropout);
    }

    /** Whether {@link #head} is another than the model's own. */
    boolean changesHead() {
        return headTokens.isPresent() || terms.containsKey(WeightLayout.VOCABULARY_HEAD);
    }

    private Optional<Factor> biasOfHead() {
        return bias(WeightLayout.VOCABULARY_HEAD)
                .flatMap(bias -> bias.parts().get(0).ofB());
    }

    /** What the adapter makes of the bias of a dense layer, by the slot of the layer's weight. */
    Optional<AdaptedBias> bias(String slot) {
        return Optional.ofNullable(biases.get(slot));
    }

    /**
     * Modules whose B has a bias and that have none themselves, so that no model without an adapter computes the same.
     */
    List<String> biasesWithoutPlace() {
        return biases.values().stream()
                .flatMap(bias -> bias.parts().stream())
                .filter(part -> part.ofB().isPresent()
                        && layout.model().bias(part.module()).isEmpty())
                .map(part -> part.module().name())
                .sorted()
                .toList();
    }

    /**
     * Adds the adapter's part to the output of a dense layer, with autograd when grad mode is on.
     *
     * @param slot of the layer's weight
     * @param weight W [O, K]
     * @param bias b [O] or absent
     * @param x [..., K]
     * @param y W x + b [..., O]; overwritten when grad mode is off
     * @return [..., O]
     */
    Tensor forward(String slot, Tensor weight, TensorOptional bias, Tensor x, Tensor y, Optional<LoraDropout> dropout) {
        List<LowRank> adapted = terms.getOrDefault(slot, List.of());
        if (adapted.isEmpty()) {
            return y;
        }
        if (!GradMode.is_enabled()) {
            for (LowRank term : adapted) {
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    Tensor part = term.rows(y, -1);
                    part.add_(term.delta(weight, bias, x, part, dropout, norms));
                }
            }
            return y;
        }
        List<Tensor> parts = new ArrayList<>();
        long at = 0;
        for (LowRank term : adapted) {
            long from = term.module().row();
            if (from > at) {
                parts.add(y.narrow(-1, at, from - at));
            }
            Tensor part = term.rows(y, -1);
            // DoRA's sums are float32; the output is rounded as it is without autograd.
            parts.add(
                    part.add(term.delta(weight, bias, x, part, dropout, norms)).to(y.scalar_type()));
            at = from + term.module().rows();
        }
        if (at < y.size(-1)) {
            parts.add(y.narrow(-1, at, y.size(-1) - at));
        }
        return parts.size() == 1 ? parts.get(0) : torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), -1);
    }

    /** {@link #forward} of the vocabulary head, with the rows that are the adapter's own. */
    Tensor scores(Tensor weight, Tensor hidden, Tensor y) {
        Tensor updated = forward(WeightLayout.VOCABULARY_HEAD, weight, Tensors.NONE, hidden, y, Optional.empty());
        Tensor scores = bias(WeightLayout.VOCABULARY_HEAD)
                .map(bias -> updated.add(bias.of(weight, Tensors.NONE)))
                .orElse(updated);
        return headTokens
                .map(t -> scores.index_copy(
                        -1,
                        t.indices(),
                        torch.linear(hidden, t.rows().value(), Tensors.NONE).to(y.scalar_type())))
                .orElse(scores);
    }

    /**
     * Adds the gradients of the adapter's weights.
     *
     * @param weight W [O, K]
     * @param x [N, K]
     * @param gradOutput [N, O]
     * @return the gradient for x, through W too, [N, K]
     */
    Tensor backward(String slot, Tensor weight, Tensor x, Tensor gradOutput, Optional<LoraDropout> dropout) {
        List<LowRank> adapted = terms.getOrDefault(slot, List.of());
        boolean scalesRows = config().useDora() && dropout.isEmpty() && !adapted.isEmpty();
        Tensor throughWeight = gradOutput;
        if (scalesRows) {
            throughWeight = gradOutput.clone();
            for (LowRank term : adapted) {
                term.rows(throughWeight, 1).mul_(term.gain(weight, norms));
            }
        }
        Tensor gradInput = DenseProducts.gradInput(throughWeight, weight);
        for (LowRank term : adapted) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                term.backward(weight, x, gradOutput, gradInput, dropout, norms);
            }
        }
        return gradInput;
    }

    /**
     * The weight of a slot with the adapter merged into it, a copy [O, K]; {@code weight} itself where the adapter has
     * no part in it.
     */
    Tensor merged(String slot, Tensor weight) {
        if (embeddings.containsKey(slot)) {
            return embeddings.get(slot).merged(weight);
        }
        List<LowRank> adapted = terms.getOrDefault(slot, List.of());
        Optional<TrainableTokens> tokens = headTokens.filter(t -> slot.equals(WeightLayout.VOCABULARY_HEAD));
        if (adapted.isEmpty() && tokens.isEmpty()) {
            return weight;
        }
        return Scopes.scoped(() -> {
            try (NoGradGuard guard = new NoGradGuard()) {
                Tensor merged = weight.detach().clone();
                adapted.forEach(term -> term.rows(merged, 0).copy_(term.merged(weight, norms)));
                tokens.ifPresent(
                        t -> merged.index_copy_(0, t.indices(), t.rows().constant()));
                return merged;
            }
        });
    }

    /**
     * Takes s B A, and s times the biases of B, off weights that they were merged into; LoRA only, DoRA has lost the
     * norms.
     */
    void unmergeFrom(Parameters merged) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            terms.forEach((slot, adapted) -> adapted.forEach(term -> term.subtractFrom(merged.get(slot))));
            embeddings.forEach((slot, e) -> e.update().ifPresent(u -> u.subtractFrom(merged.get(slot))));
            biases.forEach((slot, bias) -> bias.subtractFrom(() -> merged.get(WeightLayout.biasOf(slot))));
        }
    }

    @Override
    public void close() {
        norms.close();
        embeddings.values().forEach(e -> e.tokens().ifPresent(TrainableTokens::release));
        headTokens.ifPresent(TrainableTokens::release);
        parameters.close();
        if (!sharesFrozen) {
            frozen.close();
        }
    }
}
