package dev.flipside.engine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors of one type side by side in one buffer, with a view of each. Lives outside every scope until closed. */
final class FlatBuffer implements AutoCloseable {
    /** Where views start, which MKL's reproducible mode and vector loads want. */
    private static final long ALIGNED_BYTES = 64;

    private final List<ParameterSlot> slots;
    private final long alignment;
    private final Tensor whole;
    private final Map<String, Tensor> views = new LinkedHashMap<>();

    /** Zeros. */
    FlatBuffer(List<ParameterSlot> slots, ScalarType type, Device device) {
        this.slots = List.copyOf(slots);
        try (PointerScope scope = new PointerScope()) {
            alignment = ALIGNED_BYTES / torch.elementSize(type);
            long elements = slots.stream().mapToLong(s -> aligned(s.elements())).sum();
            whole = Scopes.keep(torch.zeros(new long[] {elements}, device.options(type)));
            forEachView(whole, (slot, view) -> views.put(slot.name(), Scopes.keep(view.detach())));
        }
    }

    /** [elements with alignment gaps]; the gaps stay zero. */
    Tensor whole() {
        return whole;
    }

    /** By name, in the slots' order. */
    Map<String, Tensor> views() {
        return views;
    }

    /** Views of another buffer of the same layout, in the caller's scope. */
    void forEachView(Tensor buffer, ViewConsumer consumer) {
        long offset = 0;
        for (ParameterSlot slot : slots) {
            consumer.accept(slot, buffer.narrow(0, offset, slot.elements()).view(slot.shape()));
            offset += aligned(slot.elements());
        }
    }

    private long aligned(long elements) {
        return (elements + alignment - 1) / alignment * alignment;
    }

    @Override
    public void close() {
        views.values().forEach(Scopes::release);
        Scopes.release(whole);
    }

    interface ViewConsumer {
        void accept(ParameterSlot slot, Tensor view);
    }
}
