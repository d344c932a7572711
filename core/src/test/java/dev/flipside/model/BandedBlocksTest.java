package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Tensors;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows and causal attention in blocks of queries against one mask over all of them. */
class BandedBlocksTest {
    /** float32 sums of at most 30 products in another order, of numbers of size about 1. */
    private static final double ROUNDING = 5e-6;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    @ParameterizedTest
    @CsvSource({"23,5,7", "23,23,7", "23,2,4", "24,9,8", "24,100,8", "5,3,8", "30,13,1"})
    void equalsOneMask(int tokens, int window, int block) {
        for (OptionalDouble cap : List.of(OptionalDouble.empty(), OptionalDouble.of(2))) {
            ScaledDotProducts products = new ScaledDotProducts(8, OptionalDouble.empty(), cap);
            try (PointerScope scope = new PointerScope()) {
                Tensor band = torch.ones(new long[] {tokens, tokens}, Device.CPU.options(ScalarType.Bool))
                        .tril_(0)
                        .triu_(1 - window);
                List<float[]> wanted =
                        run(tokens, x -> products.apply(x[0], x[1], x[2], new TensorOptional(band), false, true));
                BandedBlocks blocks = new BandedBlocks(window, block, Device.CPU);
                List<float[]> found = run(
                        tokens,
                        x -> blocks.apply(
                                x[0],
                                x[1],
                                x[2],
                                (q, k, v, mask) -> products.apply(q, k, v, new TensorOptional(mask), false, true)));
                for (int i = 0; i < wanted.size(); i++) {
                    assertThat(GoldenFixtures.relativeGap(found.get(i), wanted.get(i)))
                            .as("output and gradients of queries, keys and values: number %d", i)
                            .isLessThan(ROUNDING);
                }
            }
        }
    }

    private interface Attending {
        Tensor of(Tensor[] x);
    }

    private static List<float[]> run(int tokens, Attending attention) {
        torch.manual_seed(3);
        try (AutoGradMode grad = new AutoGradMode(true)) {
            Tensor[] x = Stream.of(4L, 2L, 2L)
                    .map(heads -> torch.randn(2, heads, tokens, 8).set_requires_grad(true))
                    .toArray(Tensor[]::new);
            Tensor out = attention.of(x);
            out.mul(torch.randn(2, 4, tokens, 8)).sum().backward();
            return Stream.concat(Stream.of(out.detach()), Stream.of(x).map(Tensor::grad))
                    .map(t -> Tensors.toFloats(t.contiguous()))
                    .toList();
        }
    }
}
