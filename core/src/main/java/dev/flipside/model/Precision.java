package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;

/**
 * What matrix products are computed in. Weights, their gradients, norms, log-probabilities and heads are float32 in any
 * case.
 */
public enum Precision {
    /** Everything in float32. */
    FLOAT32,
    /** Products and attention in bfloat16 through torch's autocast; CUDA only. */
    BFLOAT16;

    /** @throws UserError for bfloat16 on the CPU, where it would be slower than float32 */
    Precision on(Device device) {
        if (this == BFLOAT16 && device.isCpu()) {
            throw new UserError(
                    "run.dtype: bfloat16 needs a CUDA device and this run is on the CPU, where it would only be slower; use float32.");
        }
        return this;
    }
}
