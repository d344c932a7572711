package dev.flipside.train;

import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A model by its shape and its numbers of weights, for a {@link MemoryEstimate}.
 *
 * @param weights all of them, an adapter's apart
 * @param trained those that learn: all, or an adapter's
 * @param shared whether the frozen ones are another model's, and counted there
 */
public record ModelSize(DecoderConfig config, long weights, long trained, boolean shared) {
    /** All of its own and trained. */
    public ModelSize(DecoderConfig config, long weights) {
        this(config, weights, weights, false);
    }

    /** A loaded policy. */
    public static ModelSize of(CausalLm model) {
        return new ModelSize(
                model.files().config(), model.elements(), model.parameters().elements(), false);
    }

    /** A loaded reward model. */
    public static ModelSize of(RewardModel model) {
        return new ModelSize(
                model.files().config(), model.elements(), model.trunk().elements(), model.sharesBackbone());
    }

    /** What there is to say of an adapter. */
    public String described() {
        return !adapted()
                ? ""
                : String.format(Locale.ROOT, " frozen%s, an adapter of %,d", shared ? " and shared" : "", trained);
    }

    boolean adapted() {
        return trained != weights;
    }

    /** What the model itself takes: its weights, what products make of them, and those of its adapter. */
    List<MemoryEstimate.Part> held(String name, Precision precision) {
        List<MemoryEstimate.Part> held = new ArrayList<>();
        if (!shared) {
            held.add(new MemoryEstimate.Part(name + "weights", MemoryEstimate.FLOAT * weights));
            if (precision != Precision.FLOAT32) {
                held.add(new MemoryEstimate.Part(name + "weights in bfloat16", MemoryEstimate.HALF * weights));
            }
        }
        if (adapted()) {
            held.add(new MemoryEstimate.Part(name + "adapter", MemoryEstimate.FLOAT * trained));
        }
        return held;
    }

    List<MemoryEstimate.Part> learning(String name) {
        return List.of(
                new MemoryEstimate.Part(name + "gradients", MemoryEstimate.FLOAT * trained),
                new MemoryEstimate.Part(name + "AdamW moments", 2 * MemoryEstimate.FLOAT * trained));
    }
}
