package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig.Activation;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class ActivationTest {
    private static final float[] AT = {-11, -3.5f, -1, -0.25f, 0, 0.5f, 2, 6.5f, 11};

    /** Of transformers 5.17's ACT2FN, to six digits. */
    private static final Map<Activation, double[]> WANTED = Map.ofEntries(
            Map.entry(Activation.SILU, new double[] {
                -0.000184, -0.102593, -0.268941, -0.109456, 0.0, 0.31123, 1.761594, 6.490242, 10.999817
            }),
            Map.entry(
                    Activation.GELU,
                    new double[] {0.0, -0.000814, -0.158655, -0.100323, 0.0, 0.345731, 1.9545, 6.5, 11.0}),
            Map.entry(
                    Activation.GELU_TANH,
                    new double[] {-0.0, -0.000616, -0.158808, -0.100325, 0.0, 0.345714, 1.954598, 6.5, 11.0}),
            Map.entry(
                    Activation.GELU_CLIPPED,
                    new double[] {0.0, -0.000814, -0.158655, -0.100323, 0.0, 0.345731, 1.9545, 6.5, 10.0}),
            Map.entry(
                    Activation.GELU_QUICK,
                    new double[] {-0.0, -0.009033, -0.154204, -0.0988, 0.0, 0.350388, 1.935659, 6.499898, 11.0}),
            Map.entry(Activation.RELU, new double[] {0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 2.0, 6.5, 11.0}),
            Map.entry(Activation.RELU_SQUARED, new double[] {0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 4.0, 42.25, 121.0}),
            Map.entry(Activation.RELU6, new double[] {0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 2.0, 6.0, 6.0}),
            Map.entry(Activation.LEAKY_RELU, new double[] {-0.11, -0.035, -0.01, -0.0025, 0.0, 0.5, 2.0, 6.5, 11.0}),
            Map.entry(
                    Activation.SIGMOID,
                    new double[] {1.7e-05, 0.029312, 0.268941, 0.437824, 0.5, 0.622459, 0.880797, 0.998499, 0.999983}),
            Map.entry(
                    Activation.TANH,
                    new double[] {-1.0, -0.998178, -0.761594, -0.244919, 0.0, 0.462117, 0.964028, 0.999995, 1.0}),
            Map.entry(
                    Activation.MISH,
                    new double[] {-0.000184, -0.104096, -0.303401, -0.129927, 0.0, 0.375245, 1.943959, 6.49997, 11.0}),
            Map.entry(
                    Activation.HARD_SWISH,
                    new double[] {-0.0, -0.0, -0.333333, -0.114583, 0.0, 0.291667, 1.666667, 6.5, 11.0}),
            Map.entry(Activation.LINEAR, new double[] {-11.0, -3.5, -1.0, -0.25, 0.0, 0.5, 2.0, 6.5, 11.0}));

    @Test
    void everyActivationIsTransformers() {
        NativeLibrary.load();
        assertThat(WANTED.keySet()).containsExactlyInAnyOrder(Activation.values());
        WANTED.forEach((activation, wanted) -> {
            try (PointerScope scope = new PointerScope()) {
                float[] found = Tensors.toFloats(
                        DecoderLayer.activation(activation, Tensors.ofFloats(AT, Device.CPU, AT.length)));
                for (int i = 0; i < wanted.length; i++) {
                    // The wanted numbers have six decimals; the rest is float32 at 11.
                    assertThat((double) found[i])
                            .as("%s of %s", activation, AT[i])
                            .isCloseTo(wanted[i], within(2e-6));
                }
            }
        });
    }
}
