package dev.flipside.model;

import dev.flipside.engine.Tensors;
import dev.flipside.model.family.RopeConfig;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The frequencies of a rotation, float32 in every step, as transformers computes them. */
final class RopeFrequencies {
    private RopeFrequencies() {}

    /**
     * @param rotaryDim d, how many dimensions of a head are rotated
     * @param context the length of the text, of effect where {@link RopeConfig#dependsOnLength}
     * @return d / 2 frequencies
     */
    static float[] of(RopeConfig config, int rotaryDim, long context) {
        double theta =
                config instanceof RopeConfig.Dynamic dynamic ? dynamic.theta(context, rotaryDim) : config.theta();
        float[] waves = waves(theta, rotaryDim);
        float[] frequencies = new float[waves.length];
        for (int i = 0; i < waves.length; i++) {
            frequencies[i] = frequency(config, waves[i], i, rotaryDim, context);
        }
        return frequencies;
    }

    /** theta^(2i/d). */
    private static float[] waves(double theta, int rotaryDim) {
        try (PointerScope scope = new PointerScope()) {
            Tensor exponents = torch.arange(
                            new Scalar(0L),
                            new Scalar((long) rotaryDim),
                            new Scalar(2L),
                            new TensorOptions(ScalarType.Float))
                    .div(new Scalar((double) rotaryDim));
            return Tensors.toFloats(torch.pow(new Scalar(theta), exponents));
        }
    }

    private static float frequency(RopeConfig config, float wave, int pair, int rotaryDim, long context) {
        if (config instanceof RopeConfig.LongRope rope) {
            boolean beyond = context > rope.originalContext();
            return 1
                    / ((beyond ? rope.longFactors() : rope.shortFactors())
                                    .get(pair)
                                    .floatValue()
                            * wave);
        }
        if (config instanceof RopeConfig.Yarn yarn) {
            return scaled(yarn, wave, pair, rotaryDim);
        }
        if (config instanceof RopeConfig.Linear linear) {
            return 1 / wave / (float) linear.factor();
        }
        return config instanceof RopeConfig.Llama3 llama3 ? scaled(llama3, 1 / wave) : 1 / wave;
    }

    private static float scaled(RopeConfig.Yarn rope, float wave, int pair, int rotaryDim) {
        double[] range = rope.range(rotaryDim);
        float ramp = (pair - (float) range[0]) / (float) (range[1] - range[0]);
        float kept = 1 - Math.min(1, Math.max(0, ramp));
        return 1 / ((float) rope.factor() * wave) * (1 - kept) + 1 / wave * kept;
    }

    private static float scaled(RopeConfig.Llama3 rope, float frequency) {
        float wave = (float) (2 * Math.PI) / frequency;
        float slowed = frequency / (float) rope.factor();
        if (wave > (float) (rope.originalContext() / rope.lowFrequencyFactor())) {
            return slowed;
        }
        if (wave < (float) (rope.originalContext() / rope.highFrequencyFactor())) {
            return frequency;
        }
        float smooth = (rope.originalContext() / wave - (float) rope.lowFrequencyFactor())
                / (float) (rope.highFrequencyFactor() - rope.lowFrequencyFactor());
        return (1 - smooth) * frequency / (float) rope.factor() + smooth * frequency;
    }
}
