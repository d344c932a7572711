package dev.flipside.engine;

import java.time.Duration;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How fast a device copies memory, which bounds how fast a model generates: every token reads all weights. */
public final class MemoryCopySpeed {
    /** 256 MB, more than the caches of a processor hold. */
    private static final long ELEMENTS = 64L << 20;

    private MemoryCopySpeed() {}

    /**
     * Copies a large buffer again and again.
     *
     * @param budget how long to measure, after a warm-up
     * @return GB/s, what is read and what is written together
     */
    public static double gigabytes(Device device, Duration budget) {
        try (Scopes.Frozen frozen = Scopes.frozen()) {
            Tensor from = torch.zeros(new long[] {ELEMENTS}, device.options(ScalarType.Float));
            Tensor into = torch.zeros(new long[] {ELEMENTS}, device.options(ScalarType.Float));
            into.copy_(from);
            device.synchronize();
            long started = System.nanoTime();
            long copies = 0;
            while (System.nanoTime() - started < budget.toNanos()) {
                into.copy_(from);
                device.synchronize();
                copies++;
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            return copies * 2.0 * ELEMENTS * Float.BYTES / seconds / 1e9;
        }
    }
}
