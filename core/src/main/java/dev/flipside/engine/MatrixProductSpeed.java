package dev.flipside.engine;

import java.time.Duration;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How fast a device multiplies matrices, by the products that models run on, which bounds how fast it trains. */
public final class MatrixProductSpeed {
    /** Large enough to keep every core busy, small enough for several products in a second on a laptop. */
    private static final int SIZE = 1024;

    private static final int PRODUCTS_PER_CHECK = 4;

    private MatrixProductSpeed() {}

    /**
     * Multiplies a 1024 x 1024 float32 matrix by one that is stored in columns, as a dense layer does, again and again.
     * Rows 4 KB apart would be read at two thirds of the speed on an Intel Xeon.
     *
     * @param budget how long to measure, after a warm-up
     * @return GFLOP/s, with two operations per multiplication and addition
     */
    public static double gigaflops(Device device, Duration budget) {
        try (Scopes.Frozen frozen = Scopes.frozen()) {
            Tensor left = torch.ones(new long[] {SIZE, SIZE}, device.options(ScalarType.Float));
            Tensor right = torch.ones(new long[] {SIZE, SIZE}, device.options(ScalarType.Float));
            multiply(left, right, device);
            long started = System.nanoTime();
            long products = 0;
            while (System.nanoTime() - started < budget.toNanos()) {
                multiply(left, right, device);
                products += PRODUCTS_PER_CHECK;
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            return products * 2.0 * SIZE * SIZE * SIZE / seconds / 1e9;
        }
    }

    private static void multiply(Tensor left, Tensor right, Device device) {
        try (PointerScope scope = new PointerScope()) {
            for (int i = 0; i < PRODUCTS_PER_CHECK; i++) {
                DenseProducts.linear(left, right, Tensors.NONE);
            }
        }
        device.synchronize();
    }
}
