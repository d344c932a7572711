package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.OptimiserConfig.Scheduler;
import dev.flipside.config.UserError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EngineTest {
    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    @Test
    void theLibraryNamesItself() {
        assertThat(NativeLibrary.version()).startsWith("2.10");
        assertThat(NativeLibrary.blas()).contains("MKL");
        assertThat(NativeLibrary.cpuCapability()).isNotEqualTo("unknown");
        assertThat(Device.parse("auto")).isEqualTo(Device.CPU);
        assertThatThrownBy(() -> Device.parse("cuda:3"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("sees 0 CUDA");
        assertThatThrownBy(() -> Device.parse("gpu"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'gpu'");
    }

    @Test
    void adamWEqualsTorchs() {
        long[] shape = {37, 11};
        Parameters ours = new Parameters(List.of(new ParameterSlot("a", shape), new ParameterSlot("b", 5)), Device.CPU);
        try (PointerScope scope = new PointerScope()) {
            Tensor theirs = torch.randn(shape).set_requires_grad(true);
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                ours.get("a").copy_(theirs);
            }
            AdamWOptions options = new AdamWOptions(1e-2);
            options.weight_decay().put(0.1);
            org.bytedeco.pytorch.AdamW reference = new org.bytedeco.pytorch.AdamW(new TensorVector(theirs), options);
            AdamW adam =
                    new AdamW(List.of(new ParameterGroup("all", ours, 0.1)), OptimiserConfig.withLearningRate(1e-2));
            for (int step = 0; step < 5; step++) {
                Tensor x = torch.randn(11, 3);
                reference.zero_grad();
                adam.zeroGradient();
                torch.matmul(theirs, x).pow(new Scalar(3.0)).sum().backward();
                torch.matmul(ours.get("a"), x).pow(new Scalar(3.0)).sum().backward();
                reference.step();
                adam.step(1.0, 1e-2);
            }
            // The same float32 operations in another order: a few units in the last place of weights near 1.
            assertThat(ours.get("a").sub(theirs).abs().max().item_float()).isLessThan(1e-6f);
        }
    }

    @Test
    void whatIsKeptOutlivesItsScope() {
        Parameters parameters;
        try (PointerScope scope = new PointerScope()) {
            parameters = new Parameters(List.of(new ParameterSlot("w", 4)), Device.CPU);
            parameters.train();
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor w = parameters.get("w");
            w.mul(torch.arange(new Scalar(4.0))).sum().backward();
            assertThat(Tensors.toFloats(parameters.gradient())).startsWith(0, 1, 2, 3);
            assertThat(parameters.firstNonFiniteGradient()).isEmpty();
            w.mul(torch.full(new long[] {4}, new Scalar(Double.NaN))).sum().backward();
            assertThat(parameters.firstNonFiniteGradient()).contains("w");
        }
        parameters.close();
    }

    @Test
    void randomNumbersDependOnTheirCoordinatesOnly() {
        Seeds seeds = new Seeds(7);
        Set<Long> keys = new HashSet<>();
        for (Seeds.Stream stream : Seeds.Stream.values()) {
            for (int step = 0; step < 20; step++) {
                for (int prompt = 0; prompt < 10; prompt++) {
                    for (int sample = 0; sample < 8; sample++) {
                        keys.add(seeds.key(stream, step, prompt, sample));
                    }
                }
            }
        }
        assertThat(keys).hasSize(Seeds.Stream.values().length * 20 * 10 * 8);
        assertThat(new Seeds(7).key(Seeds.Stream.ROLLOUT, 1, 2, 3)).isEqualTo(seeds.key(Seeds.Stream.ROLLOUT, 1, 2, 3));
        double mean = 0;
        double square = 0;
        int n = 100_000;
        for (int i = 0; i < n; i++) {
            double u = Seeds.uniform(seeds.key(Seeds.Stream.ROLLOUT, 0, 0, 0), i);
            mean += u / n;
            square += u * u / n;
        }
        // Four standard errors of the mean (0.0009) and of the second moment (0.00094) of a uniform variable.
        assertThat(mean).isCloseTo(0.5, within(0.004));
        assertThat(square).isCloseTo(1.0 / 3, within(0.004));
        assertThat(seeds.permutation(Seeds.Stream.PROMPT_ORDER, 3, 50))
                .doesNotHaveDuplicates()
                .hasSize(50);
    }

    @Test
    void schedulesHaveTransformersMeaning() {
        Schedule linear = new Schedule(Scheduler.LINEAR, 2, 10, 0);
        assertThat(linear.factor(0)).isZero();
        assertThat(linear.factor(1)).isEqualTo(0.5);
        assertThat(linear.factor(2)).isEqualTo(1);
        assertThat(linear.factor(6)).isEqualTo(0.5);
        assertThat(linear.factor(10)).isZero();
        assertThat(new Schedule(Scheduler.COSINE, 0, 10, 0.1).factor(10)).isCloseTo(0.1, within(1e-12));
        assertThat(new Schedule(Scheduler.CONSTANT, 0, 10, 0).factor(99)).isEqualTo(1);
    }
}
