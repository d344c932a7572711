package dev.flipside.model;

import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** torch's autocast on the current thread from construction to close; does nothing in float32. */
final class Autocast implements AutoCloseable {
    private final boolean active;

    Autocast(Precision precision) {
        // Only the outermost block switches: the inner ones belong to the same computation.
        active = precision == Precision.BFLOAT16 && !torch.is_autocast_enabled(DeviceType.CUDA);
        if (active) {
            torch.set_autocast_dtype(DeviceType.CUDA, ScalarType.BFloat16);
            torch.set_autocast_enabled(DeviceType.CUDA, true);
        }
    }

    @Override
    public void close() {
        if (active) {
            torch.set_autocast_enabled(DeviceType.CUDA, false);
            // Weights that were rounded without autograd must not be reused by a forward pass with it.
            torch.clear_cache();
        }
    }
}
