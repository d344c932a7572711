package dev.flipside.model;

import dev.flipside.engine.Device;

/**
 * What matrix products are computed in. Weights that learn, their gradients, norms, log-probabilities and heads are
 * float32 in any case.
 */
public enum Precision {
    /** Everything in float32. */
    FLOAT32,

    /**
     * {@link #BFLOAT16_WEIGHTS}, and what those matrices are multiplied with rounded too, as attention is, through
     * torch's autocast. What bfloat16 is elsewhere.
     */
    BFLOAT16,

    /**
     * Every matrix of weights rounded to the nearest bfloat16 wherever it is multiplied or looked up, and all else
     * float32: activations, sums, attention, gradients. What bfloat16 is on the CPU.
     */
    BFLOAT16_WEIGHTS;

    /** What this is on a device. */
    public Precision on(Device device) {
        return switch (this) {
            case FLOAT32 -> FLOAT32;
            case BFLOAT16, BFLOAT16_WEIGHTS -> device.isCpu() ? BFLOAT16_WEIGHTS : BFLOAT16;
        };
    }
}
