package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.engine.BatchedProducts.Matrices;
import dev.flipside.engine.BatchedProducts.Memory;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchedProductsTest {
    @BeforeEach
    void load() {
        NativeLibrary.load();
        Assumptions.assumeTrue(
                BatchedProducts.available(), "needs MKL: built with -DwithoutMkl or on another libtorch");
    }

    private static Tensor random(long... shape) {
        int n = 1;
        for (long d : shape) {
            n *= (int) d;
        }
        float[] values = new float[n];
        SplittableRandom random = new SplittableRandom(n);
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Tensors.ofFloats(values, Device.CPU, shape);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void equalsBmm(boolean transposed) {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(5, 3, 7);
            Tensor b = transposed ? random(5, 4, 7) : random(5, 7, 4);
            Tensor c = random(5, 3, 4);
            Tensor expected = torch.bmm(a, transposed ? b.transpose(1, 2) : b)
                    .mul(Tensors.scalar(0.5))
                    .add(c.mul(Tensors.scalar(2)));
            BatchedProducts.multiply(
                    5,
                    3,
                    4,
                    7,
                    0.5f,
                    Memory.of(a).matrices(7, 21),
                    Memory.of(b).matrices(transposed ? 7 : 4, 28),
                    transposed,
                    2,
                    Memory.of(c).matrices(4, 12));
            // Sums of seven products in another order.
            assertThat(torch.allclose(c, expected, 1e-6, 1e-6, false)).isTrue();
        }
    }

    /** What would be a crash, or somebody else's memory, is an exception. */
    @Test
    void nothingBeyondATensorIsTouched() {
        try (PointerScope scope = new PointerScope()) {
            Memory memory = Memory.of(random(2, 3, 3));
            Matrices fitting = memory.matrices(3, 9);
            multiply(2, 3, fitting, fitting);
            assertThatThrownBy(() -> multiply(3, 3, fitting, fitting)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(2, 3, memory.from(1).matrices(3, 9), fitting))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(2, 3, fitting, memory.matrices(2, 9)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(2, 4, fitting, fitting)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.from(19)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(0, 3, fitting, fitting)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Memory.of(random(3, 4).t())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Memory.of(Tensors.ofLongs(new long[2], Device.CPU, 2)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static void multiply(int count, int size, Matrices a, Matrices b) {
        BatchedProducts.multiply(
                count,
                size,
                size,
                size,
                1,
                a,
                b,
                false,
                0,
                Memory.of(random(2, 3, 3)).matrices(3, 9));
    }
}
