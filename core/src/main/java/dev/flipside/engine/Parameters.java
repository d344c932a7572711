package dev.flipside.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
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
 *
 * <p>Products may want the matrices in bfloat16: {@link #rounded} has them in a second buffer that follows the first.
 * Weights that never learn may hold their matrices in bfloat16 alone, {@link #constant}.
 */
public final class Parameters implements AutoCloseable {
    private final List<ParameterSlot> slots;
    private final Device device;
    /** All weights; of constant ones the vectors. */
    private final FlatBuffer floats;

    private final boolean constant;
    /** The matrices in bfloat16: what constant weights are, and a copy of others once it was asked for. */
    private Optional<FlatBuffer> halves;
    /** Of the weights when {@link #halves} was copied. */
    private long versionOfHalves = -1;

    private final Map<String, Tensor> weights = new LinkedHashMap<>();
    private Optional<Tensor> gradient = Optional.empty();

    /** Zero weights of the given shapes. */
    public Parameters(List<ParameterSlot> slots, Device device) {
        this(slots, device, false);
    }

    private Parameters(List<ParameterSlot> slots, Device device, boolean constant) {
        this.slots = List.copyOf(slots);
        this.device = device;
        this.constant = constant;
        floats = new FlatBuffer(
                constant ? slots.stream().filter(s -> !isMatrix(s)).toList() : slots, ScalarType.Float, device);
        halves = constant ? Optional.of(matrices()) : Optional.empty();
        for (ParameterSlot slot : slots) {
            FlatBuffer buffer = constant && isMatrix(slot) ? halves.get() : floats;
            weights.put(slot.name(), buffer.views().get(slot.name()));
        }
    }

    /**
     * Zero weights that never learn: matrices are bfloat16, half the bytes, and what is read into them is rounded to
     * nearest.
     */
    public static Parameters constant(List<ParameterSlot> slots, Device device) {
        return new Parameters(slots, device, true);
    }

    /** A single row is no matrix: it is multiplied as a vector. */
    private static boolean isMatrix(ParameterSlot slot) {
        return slot.shape().length == 2 && slot.shape()[0] > 1;
    }

    private FlatBuffer matrices() {
        return new FlatBuffer(slots.stream().filter(Parameters::isMatrix).toList(), ScalarType.BFloat16, device);
    }

    /**
     * The weight's view of the buffer: an autograd leaf once {@link #train} was called. Bfloat16 where it is a matrix
     * among {@link #constant} weights.
     */
    public Tensor get(String name) {
        Tensor weight = weights.get(name);
        if (weight == null) {
            throw new IllegalArgumentException("no weight named " + name);
        }
        return weight;
    }

    /**
     * A matrix as it is now, rounded to the nearest bfloat16, outside autograd; other weights as {@link #get} has them.
     * Valid until the next change of a weight.
     */
    public synchronized Tensor rounded(String name) {
        Tensor weight = get(name);
        if (constant) {
            return weight;
        }
        FlatBuffer copy = halves.orElseGet(this::matrices);
        halves = Optional.of(copy);
        if (versionOfHalves != version()) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                copy.views().forEach((matrix, half) -> half.copy_(weights.get(matrix)));
            }
            versionOfHalves = version();
        }
        return copy.views().getOrDefault(name, weight);
    }

    /** Whether there is a weight of that name. */
    public boolean has(String name) {
        return weights.containsKey(name);
    }

    public List<ParameterSlot> slots() {
        return slots;
    }

    public Device device() {
        return device;
    }

    /** All weights, float32 [elements with alignment gaps]; the gaps stay zero. Not of {@link #constant} ones. */
    public Tensor flat() {
        if (constant) {
            throw new IllegalStateException("these weights never learn");
        }
        return floats.whole();
    }

    /**
     * A number that every change of the weights increases, but for those through addresses, which only loading makes.
     */
    public long version() {
        return floats.whole().__dispatch__version()
                + (constant ? halves.orElseThrow().whole().__dispatch__version() : 0);
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
            Tensor zeros = Scopes.keep(torch.zeros_like(flat()));
            floats.forEachView(zeros, (slot, view) -> {
                Tensor leaf = get(slot.name());
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
        return firstNonFinite(floats, gradient());
    }

    /** The first weight that holds a NaN or an infinity. */
    public Optional<String> firstNonFiniteWeight() {
        return Stream.concat(Stream.of(floats), constant ? halves.stream() : Stream.empty())
                .flatMap(buffer -> firstNonFinite(buffer, buffer.whole()).stream())
                .findFirst();
    }

    private static Optional<String> firstNonFinite(FlatBuffer layout, Tensor buffer) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            if (!Tensors.toBoolean(torch.isfinite(buffer).all().logical_not())) {
                return Optional.empty();
            }
            List<String> bad = new ArrayList<>();
            layout.forEachView(buffer, (slot, view) -> {
                if (Tensors.toBoolean(torch.isfinite(view).all().logical_not())) {
                    bad.add(slot.name());
                }
            });
            return bad.stream().findFirst();
        }
    }

    /** An independent copy of the weights, not trained. */
    public Parameters copy() {
        Parameters copy = new Parameters(slots, device, constant);
        copy.copyFrom(this);
        return copy;
    }

    /** A copy that never learns, its matrices rounded to bfloat16: {@link #constant}. */
    public Parameters constantCopy() {
        Parameters copy = constant(slots, device);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            copy.weights.forEach((name, weight) -> weight.copy_(get(name)));
        }
        return copy;
    }

    /** Overwrites these weights with those of another set of the same shapes. */
    public void copyFrom(Parameters other) {
        if (constant != other.constant) {
            throw new IllegalArgumentException("weights that learn and weights that never do");
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            floats.whole().copy_(other.floats.whole());
            if (constant) {
                halves.orElseThrow().whole().copy_(other.halves.orElseThrow().whole());
            }
        }
    }

    @Override
    public void close() {
        gradient.ifPresent(Scopes::release);
        floats.close();
        halves.ifPresent(FlatBuffer::close);
    }
}
