package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.flipside.config.OptimiserConfig;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Sums over buffers as long as a model, beside the same sums in float64. */
class LongSumsTest {
    private static final long MILLION = 1_000_000;

    /** In percent: a float32 norm is rounded to 6e-8, and its square to twice that. */
    private static final double CLOSE = 1e-4;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
        torch.manual_seed(1);
    }

    /** libtorch's own norm of it is 8.9 % too small. */
    @Test
    void theNormOfFiveHundredMillionNumbersIsExact() {
        try (PointerScope scope = new PointerScope()) {
            Tensor part = normal(MILLION);
            Tensor buffer = part.expand(500, MILLION).contiguous();

            assertThat(Tensors.squaredNorm(buffer)).isCloseTo(500 * inFloat64(part), withinPercentage(CLOSE));
        }
    }

    @Test
    void anyLengthAndLayoutIsCounted() {
        try (PointerScope scope = new PointerScope()) {
            for (long elements : new long[] {0, 1, 16, 4095, 4096, 4097, 3 * 4096 + 5}) {
                Tensor x = normal(elements);
                assertThat(Tensors.squaredNorm(x)).isCloseTo(inFloat64(x), withinPercentage(CLOSE));
            }
            Tensor matrix = normal(300 * 200).view(300, 200);
            assertThat(Tensors.squaredNorm(matrix.t())).isCloseTo(inFloat64(matrix), withinPercentage(CLOSE));
        }
    }

    @Test
    void theInnerProductOfAnyLengthIsExact() {
        try (PointerScope scope = new PointerScope()) {
            for (long elements : new long[] {0, 1, 4097, (1 << 20) - 1, 1 << 20, 3 * MILLION + 5}) {
                Tensor x = normal(elements);
                Tensor y = normal(elements).add_(x);
                double exact =
                        x.to(ScalarType.Double).dot(y.to(ScalarType.Double)).item_double();
                assertThat(Tensors.dot(x, y)).isCloseTo(exact, withinPercentage(CLOSE));
            }
        }
    }

    @Test
    void theOptimisersNormIsThatOfAllItsGradients() {
        Parameters trunk = new Parameters(List.of(new ParameterSlot("a", 20 * MILLION + 3)), Device.CPU);
        Parameters head = new Parameters(List.of(new ParameterSlot("b", 5)), Device.CPU);
        try (PointerScope scope = new PointerScope();
                AdamW adam = new AdamW(
                        List.of(new ParameterGroup("trunk", trunk, 0), new ParameterGroup("head", head, 0)),
                        OptimiserConfig.withLearningRate(1))) {
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                trunk.gradient().copy_(normal(trunk.gradient().numel()));
                head.gradient().copy_(normal(head.gradient().numel()));
            }
            double expected = Math.sqrt(inFloat64(trunk.gradient()) + inFloat64(head.gradient()));

            assertThat(adam.gradientNorm()).isCloseTo(expected, withinPercentage(CLOSE));
        } finally {
            trunk.close();
            head.close();
        }
    }

    private static Tensor normal(long elements) {
        return torch.randn(elements).mul_(Tensors.scalar(1e-3));
    }

    private static double inFloat64(Tensor x) {
        Tensor exact = x.to(ScalarType.Double);
        return exact.mul(exact).sum().item_double();
    }
}
