package dev.flipside.model;

import dev.flipside.engine.Device;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** torch's autocast on the current thread from construction to close; does nothing in float32. */
final class Autocast implements AutoCloseable {
    private final DeviceType type;
    private final boolean active;

    Autocast(Precision precision, Device device) {
        type = device.type();
        // Only the outermost block switches: the inner ones belong to the same computation.
        active = precision == Precision.BFLOAT16 && !torch.is_autocast_enabled(type);
        if (active) {
            torch.set_autocast_dtype(type, ScalarType.BFloat16);
            torch.set_autocast_enabled(type, true);
        }
    }

    @Override
    public void close() {
        if (active) {
            torch.set_autocast_enabled(type, false);
            // Weights that were rounded without autograd must not be reused by a forward pass with it.
            torch.clear_cache();
        }
    }
}
