package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The weights that a decoder computes with: all of them trained, or a frozen base, which other models may share, below an adapter that is trained. */
final class ModelWeights implements AutoCloseable {
    private final Parameters base;
    private final boolean shared;
    private final Optional<Lora> lora;

    private ModelWeights(Parameters base, boolean shared, Optional<Lora> lora) {
        this.base = base;
        this.shared = shared;
        this.lora = lora;
    }

    /** All of them trained, or none. */
    static ModelWeights of(Parameters all) {
        return new ModelWeights(all, false, Optional.empty());
    }

    /** @param shared whether someone else closes the base */
    static ModelWeights adapted(Parameters base, boolean shared, Lora lora) {
        return new ModelWeights(base, shared, Optional.of(lora));
    }

    /** The same frozen base with a copy of the adapter; without an adapter a copy of everything. Must be closed before the base. */
    ModelWeights copy() {
        return lora.isPresent()
                ? new ModelWeights(base, true, lora.map(Lora::copy))
                : new ModelWeights(base.copy(), false, Optional.empty());
    }

    /** The frozen base alone. Must be closed before it. */
    ModelWeights withoutAdapter() {
        return new ModelWeights(base, true, Optional.empty());
    }

    /** What computes under that name: the adapter's own weight, or the base's. */
    Tensor get(String slot) {
        return replaces(slot) ? trained().get(slot) : base.get(slot);
    }

    private boolean replaces(String slot) {
        return lora.filter(l -> l.replaced().contains(slot)).isPresent();
    }

    /** Where the gradient of a slot is added; empty where it is frozen. */
    Optional<Tensor> gradient(String slot) {
        return lora.isEmpty() || replaces(slot) ? Optional.of(get(slot).grad()) : Optional.empty();
    }

    /** {@link #get} with the adapter merged into it. */
    Tensor merged(String slot) {
        return lora.map(l -> l.merged(slot, get(slot))).orElseGet(() -> get(slot));
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

    /** Weights of every slot of a layout, the adapter merged into them. */
    Parameters merged(WeightLayout layout) {
        Parameters all = new Parameters(layout.slots(), device());
        for (Parameters.Slot slot : layout.slots()) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                all.get(slot.name()).copy_(merged(slot.name()));
            }
        }
        return all;
    }

    /**
     * How far the weights, adapters merged, are from those of a directory: a model of the same architecture, or an adapter on the same base.
     *
     * @return {@code |w - w0| / |w0|} in the 2-norm over the layout's weights
     */
    double relativeChange(WeightLayout layout, Path directory) {
        if (lora.isEmpty()) {
            return layout.relativeChange(base, WeightFiles.open(directory));
        }
        RelativeChange change = new RelativeChange();
        Optional<Lora> initial = AdapterFiles.in(directory)
                ? Optional.of(AdapterFiles.open(directory).load(layout, device()))
                : Optional.empty();
        try {
            for (Parameters.Slot slot : layout.slots()) {
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    change.add(merged(slot.name()), before(slot, initial, directory));
                }
            }
        } finally {
            initial.ifPresent(Lora::close);
        }
        return change.value();
    }

    /** A slot of the base, below another adapter or none. A reward head that the base lacks is that of the directory, or zero where it had none. */
    private Tensor before(Parameters.Slot slot, Optional<Lora> initial, Path directory) {
        String name = slot.name();
        if (initial.filter(l -> l.replaced().contains(name)).isPresent()) {
            return initial.get().parameters().get(name);
        }
        if (base.has(name)) {
            return initial.map(l -> l.merged(name, base.get(name))).orElseGet(() -> base.get(name));
        }
        Tensor stored = torch.zeros(slot.shape(), device().options(ScalarType.Float));
        WeightFiles files = WeightFiles.open(directory);
        if (files.has(name)) {
            files.read(name, stored);
        }
        return stored;
    }

    /** @param kept slots that the adapter may hold in the base's place, and that stay as they are */
    void unmerge(Path adapter, WeightLayout layout, Set<String> kept) {
        try (Lora merged = AdapterFiles.open(adapter).load(layout, device())) {
            if (merged.config().useDora()) {
                throw new UserError(
                        adapter
                                + ": a DoRA adapter cannot be taken off a merged model, which no longer holds the norms of its base; use the base model.");
            }
            for (String slot : merged.replaced()) {
                if (!kept.contains(slot)) {
                    throw new UserError(adapter + ": the adapter replaced " + slot
                            + " whole, which a merged model no longer holds as it was; use the base model.");
                }
            }
            merged.unmergeFrom(base);
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
