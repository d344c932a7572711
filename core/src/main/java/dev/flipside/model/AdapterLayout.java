package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.LoraConfig.Bias;
import dev.flipside.config.LoraConfig.Initialisation;
import dev.flipside.engine.ParameterSlot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which weights an adapter has on a model, and what PEFT calls them.
 *
 * <p>Slots carry PEFT's names without their prefix: {@code MODULE.lora_A.weight} [r, in], {@code MODULE.lora_B.weight}
 * [out, r], {@code MODULE.lora_magnitude_vector} [out], {@code MODULE.lora_B.bias} [out],
 * {@code MODULE.base_layer.bias} [out]; of embeddings {@code MODULE.lora_embedding_A} [r, rows],
 * {@code MODULE.lora_embedding_B} [columns, r] and a magnitude for each column;
 * {@code MODULE.token_adapter.trainable_tokens_delta} [tokens, columns]. What is held whole has the slot of the model.
 */
final class AdapterLayout {
    static final String A = ".lora_A.weight";
    static final String B = ".lora_B.weight";
    static final String B_BIAS = ".lora_B.bias";
    static final String MAGNITUDE = ".lora_magnitude_vector";
    static final String EMBEDDING_A = ".lora_embedding_A";
    static final String EMBEDDING_B = ".lora_embedding_B";
    static final String TOKENS = ".token_adapter.trainable_tokens_delta";
    static final String BASE_BIAS = ".base_layer.bias";
    static final String BASE_WEIGHT = ".base_layer.weight";

    /**
     * @param slot here
     * @param name in files, without PEFT's prefix
     * @param learns or is frozen
     * @param outputs the module with an output for each of its rows, where it has one
     */
    record Entry(ParameterSlot slot, String name, boolean learns, Optional<LinearModule> outputs) {}

    private final WeightLayout model;
    private final LoraConfig config;
    private final AdapterSelection wanted;
    private final Map<String, long[]> tokens;
    private final List<LinearModule> linear = new ArrayList<>();
    private final List<EmbeddingModule> embeddings = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();

    /** @param tokens ids of the rows that are held whole, by their module */
    AdapterLayout(WeightLayout model, LoraConfig config, Map<String, long[]> tokens, AdapterSelection wanted) {
        this.model = model;
        this.config = config;
        this.tokens = Map.copyOf(tokens);
        this.wanted = wanted;
        model.linearModules().forEach(this::linear);
        model.head().ifPresent(this::head);
        model.embeddings().forEach(this::embedding);
        tokens.forEach((module, ids) -> columns(module)
                .ifPresent(columns -> entry(module + TOKENS, module + TOKENS, true, ids.length, columns)));
        model.wholeTensors().forEach(this::whole);
        model.head().filter(head -> model.tiedHead()).ifPresent(this::wholeTiedHead);
    }

    WeightLayout model() {
        return model;
    }

    LoraConfig config() {
        return config;
    }

    /**
     * Modules with A and B, in the order of the model; a vocabulary head that shares the embedding's is not among them.
     */
    List<LinearModule> linear() {
        return linear;
    }

    List<EmbeddingModule> embeddings() {
        return embeddings;
    }

    /** Token ids by module. */
    Map<String, long[]> tokens() {
        return tokens;
    }

    List<Entry> entries() {
        return entries;
    }

    List<ParameterSlot> slots(boolean learn) {
        return entries.stream()
                .filter(entry -> entry.learns == learn)
                .map(Entry::slot)
                .toList();
    }

    /** Of a module with A and B. */
    long rank(LinearModule module) {
        return wanted.rank(module.name()).orElseThrow();
    }

    /** Whether what the adapter does to the embedding it does to the vocabulary head too. */
    boolean tied() {
        return config.ensureWeightTying() && model.tiedHead();
    }

    /** The vocabulary head where it shares the low-rank update of the embedding. */
    Optional<LinearModule> headOfEmbedding() {
        boolean embedded = embeddings.stream().anyMatch(e -> e.slot().equals(WeightLayout.EMBEDDING));
        return model.head().filter(head -> tied() && embedded);
    }

    private void linear(LinearModule module) {
        OptionalLong rank = wanted.rank(module.name());
        if (rank.isPresent()) {
            linear.add(module);
            entry(module.name() + A, module.name() + A, true, rank.getAsLong(), module.columns());
            boolean learns = config.initLoraWeights() != Initialisation.MICA;
            outputs(module, module.name() + B, learns, module.rows(), rank.getAsLong());
            if (config.useDora()) {
                outputs(module, module.name() + MAGNITUDE, true, module.rows());
            }
            if (config.loraBias()) {
                outputs(module, module.name() + B_BIAS, true, module.rows());
            }
        }
        boolean asked = config.bias() == Bias.ALL || config.bias() == Bias.LORA_ONLY && rank.isPresent();
        if (asked && model.bias(module).isPresent() && !wholeModule(module)) {
            String name = rank.isPresent() ? module.name() + BASE_BIAS : module.name() + ".bias";
            entries.add(new Entry(
                    new ParameterSlot(module.name() + BASE_BIAS, module.rows()), name, true, Optional.of(module)));
        }
    }

    private boolean wholeModule(LinearModule module) {
        return model.wholeTensors().stream()
                .anyMatch(tensor -> tensor.module().equals(module.name()) && wanted.whole(tensor));
    }

    private void head(LinearModule head) {
        boolean shares = tied() && wanted.rank(model.embeddings().get(0).name()).isPresent();
        if (!shares) {
            linear(head);
        } else if (config.useDora()) {
            outputs(head, head.name() + MAGNITUDE, true, head.rows());
        }
    }

    private void embedding(EmbeddingModule module) {
        OptionalLong rank = wanted.rank(module.name());
        if (rank.isPresent()) {
            embeddings.add(module);
            String name = module.name();
            entry(name + EMBEDDING_A, name + EMBEDDING_A, true, rank.getAsLong(), module.rows());
            boolean learns = config.initLoraWeights() != Initialisation.MICA;
            entry(name + EMBEDDING_B, name + EMBEDDING_B, learns, module.columns(), rank.getAsLong());
            if (config.useDora()) {
                entry(name + MAGNITUDE, name + MAGNITUDE, true, module.columns());
            }
        }
    }

    /** Of a matrix of the vocabulary. */
    private OptionalLong columns(String module) {
        boolean head = model.head().filter(h -> h.name().equals(module)).isPresent();
        return head || model.embeddings().get(0).name().equals(module)
                ? OptionalLong.of(model.embeddings().get(0).columns())
                : OptionalLong.empty();
    }

    private void whole(WholeTensor tensor) {
        Optional<String> instead = wanted.inBasesPlace(tensor.module());
        boolean ofMatrix = Set.of(WeightLayout.EMBEDDING, WeightLayout.POSITIONS, WeightLayout.VOCABULARY_HEAD)
                .contains(tensor.slot().name());
        if (wanted.whole(tensor) || learnsAsBias(tensor) || wholeByItsHead(tensor)) {
            entries.add(new Entry(tensor.slot(), tensor.name(), true, Optional.empty()));
        } else if (ofMatrix && instead.isPresent()) {
            entries.add(new Entry(tensor.slot(), instead.get(), false, Optional.empty()));
        }
    }

    private boolean wholeByItsHead(WholeTensor tensor) {
        return tied()
                && tensor.slot().name().equals(WeightLayout.EMBEDDING)
                && model.head().filter(head -> wanted.whole(headTensor(head))).isPresent();
    }

    /** What a vocabulary head would be as a weight of its own. */
    static WholeTensor headTensor(LinearModule head) {
        return new WholeTensor(
                new ParameterSlot(WeightLayout.VOCABULARY_HEAD, head.rows(), head.columns()), head.name() + ".weight");
    }

    /** Of a norm: those of linear modules have slots of their own. */
    private boolean learnsAsBias(WholeTensor tensor) {
        return config.bias() == Bias.ALL
                && tensor.name().endsWith(".bias")
                && model.linearModules().stream().noneMatch(m -> m.name().equals(tensor.module()));
    }

    /** A head of its own where the model has none. */
    private void wholeTiedHead(LinearModule head) {
        if (tied()) {
            return;
        }
        WholeTensor tensor = headTensor(head);
        Optional<String> instead = wanted.inBasesPlace(head.name());
        if (wanted.whole(tensor)) {
            entries.add(new Entry(tensor.slot(), tensor.name(), true, Optional.empty()));
        } else if (instead.isPresent()
                && entries.stream().noneMatch(e -> e.slot.name().equals(WeightLayout.EMBEDDING))) {
            // One matrix in the base: what stands in the head's place stands in the embedding's.
            entries.add(new Entry(
                    new ParameterSlot(WeightLayout.EMBEDDING, head.rows(), head.columns()),
                    instead.get(),
                    false,
                    Optional.empty()));
        }
    }

    /** The slots of the model that the adapter holds whole, and trains. */
    Set<String> replaced() {
        Set<String> ofModel = model.slots().stream().map(ParameterSlot::name).collect(Collectors.toSet());
        return entries.stream()
                .filter(Entry::learns)
                .map(entry -> entry.slot.name())
                .filter(name -> ofModel.contains(name) || name.equals(WeightLayout.VOCABULARY_HEAD))
                .collect(Collectors.toUnmodifiableSet());
    }

    private void entry(String slot, String name, boolean learns, long... shape) {
        entries.add(new Entry(new ParameterSlot(slot, shape), name, learns, Optional.empty()));
    }

    private void outputs(LinearModule module, String name, boolean learns, long... shape) {
        entries.add(new Entry(new ParameterSlot(name, shape), name, learns, Optional.of(module)));
    }
}
