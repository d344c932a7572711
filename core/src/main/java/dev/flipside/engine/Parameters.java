package dev.flipside.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Named weights that live in one flat float32 buffer, with one flat gradient once they are trained.
 *
 * <p>One buffer makes a copy, a snapshot, a norm, an all-reduce and a checkpoint single operations. Each weight is an
 * autograd leaf that is a view of the buffer, and backward passes add into a view of the flat gradient. Lives outside
 * every scope until {@link #close}.
 */
public final class Parameters implements AutoCloseable {
    /** Views start at multiples of 16 floats, the 64 bytes that MKL's reproducible mode and vector loads want. */
    private static final long ALIGNMENT = 16;

    private final List<ParameterSlot> slots;
    private final Device device;
    private final Tensor flat;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();
    private Optional<Tensor> gradient = Optional.empty();

    /** Zero weights of the given shapes. */
    public Parameters(List<ParameterSlot> slots, Device device) {
        this.slots = List.copyOf(slots);
        this.device = device;
        try (PointerScope scope = new PointerScope()) {
            flat = Scopes.keep(torch.zeros(new long[] {paddedElements()}, device.options(ScalarType.Float)));
            forEachView(flat, (slot, view) -> leaves.put(slot.name(), Scopes.keep(view.detach())));
        }
    }

    /** The weight's view of the buffer: an autograd leaf once {@link #train} was called. */
    public Tensor get(String name) {
        Tensor leaf = leaves.get(name);
        if (leaf == null) {
            throw new IllegalArgumentException("no weight named " + name);
        }
        return leaf;
    }

    /** Whether there is a weight of that name. */
    public boolean has(String name) {
        return leaves.containsKey(name);
    }

    public List<ParameterSlot> slots() {
        return slots;
    }

    public Device device() {
        return device;
    }

    /** All weights, float32 [elements with alignment gaps]; the gaps stay zero. */
    public Tensor flat() {
        return flat;
    }

    /**
     * A number that every change of the weights increases, but for those through addresses, which only loading makes.
     */
    public long version() {
        return flat.__dispatch__version();
    }

    /** The number of weights, without alignment gaps. */
    public long elements() {
        return slots.stream().mapToLong(ParameterSlot::elements).sum();
    }

    /** Makes every weight trainable and allocates the flat gradient, zeroed. */
    public void train() {
        if (gradient.isPresent()) {
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor zeros = Scopes.keep(torch.zeros_like(flat));
            forEachView(zeros, (slot, view) -> {
                Tensor leaf = leaves.get(slot.name());
                leaf.set_requires_grad(true);
                leaf.mutable_grad().put(view);
            });
            gradient = Optional.of(zeros);
        }
    }

    /** The flat gradient; {@link #train} must have been called. */
    public Tensor gradient() {
        return gradient.orElseThrow(() -> new IllegalStateException("these weights are not trained"));
    }

    public void zeroGradient() {
        gradient().zero_();
    }

    /** The first weight whose gradient holds a NaN or an infinity. */
    public Optional<String> firstNonFiniteGradient() {
        return firstNonFinite(gradient());
    }

    /** The first weight that holds a NaN or an infinity. */
    public Optional<String> firstNonFiniteWeight() {
        return firstNonFinite(flat);
    }

    private Optional<String> firstNonFinite(Tensor buffer) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            if (torch.isfinite(buffer).all().item_bool()) {
                return Optional.empty();
            }
            List<String> bad = new ArrayList<>();
            forEachView(buffer, (slot, view) -> {
                if (!torch.isfinite(view).all().item_bool()) {
                    bad.add(slot.name());
                }
            });
            return bad.stream().findFirst();
        }
    }

    /** An independent copy of the weights, not trained. */
    public Parameters copy() {
        Parameters copy = new Parameters(slots, device);
        copy.copyFrom(this);
        return copy;
    }

    /** Overwrites these weights with those of another set of the same shapes. */
    public void copyFrom(Parameters other) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            flat.copy_(other.flat);
        }
    }

    private long paddedElements() {
        return slots.stream().mapToLong(s -> aligned(s.elements())).sum();
    }

    private void forEachView(Tensor buffer, ViewConsumer consumer) {
        long offset = 0;
        for (ParameterSlot slot : slots) {
            consumer.accept(slot, buffer.narrow(0, offset, slot.elements()).view(slot.shape()));
            offset += aligned(slot.elements());
        }
    }

    private static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    @Override
    public void close() {
        leaves.values().forEach(Scopes::release);
        gradient.ifPresent(Scopes::release);
        Scopes.release(flat);
    }

    private interface ViewConsumer {
        void accept(ParameterSlot slot, Tensor view);
    }
}
