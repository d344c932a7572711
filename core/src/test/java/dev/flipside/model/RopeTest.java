package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.RopeConfig;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RopeTest {
    private static final int HEAD_DIM = 16;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    /** Sines of position 600 from transformers 5.17 (LlamaRotaryEmbedding, head_dim 16), to six digits. */
    @Test
    void anglesAreTransformers() {
        check(
                new RopeConfig.Plain(10_000),
                0.044182,
                0.946142,
                -0.304811,
                0.123793,
                -0.279415,
                0.947148,
                0.564642,
                0.1886);
        check(
                new RopeConfig.Linear(10_000, 4),
                -0.714876,
                -0.305322,
                0.650288,
                -0.999519,
                0.997495,
                0.456753,
                0.149438,
                0.047416);
        // With base 500 and an original context of 64 one frequency lies between the two limits, and others on either
        // side.
        check(
                new RopeConfig.Llama3(500, 8, 1, 4, 64),
                0.044182,
                -0.516009,
                0.900224,
                0.847102,
                -0.210914,
                0.999598,
                0.651307,
                0.32043);
    }

    /** The same with base 500. Every table is multiplied by the attention factor. */
    @Test
    void anglesOfYarnAreTransformers() {
        double scale = 0.1 * Math.log(8) + 1;
        check(
                new RopeConfig.Yarn(500, 8, 64, 32, 1, scale, true),
                0.05337,
                0.743613,
                0.619512,
                1.023252,
                -0.254772,
                1.207458,
                0.786743,
                0.387062);
        check(
                new RopeConfig.Yarn(500, 8, 64, 8, 0.5, 1, false),
                0.044182,
                0.027178,
                -0.86949,
                0.859188,
                -0.210914,
                0.999598,
                0.651307,
                0.32043);
        check(
                new RopeConfig.Yarn(500, 8, 64, 32, 1, 1.094179988101349, true),
                0.048344,
                0.67358,
                0.561166,
                0.926882,
                -0.230777,
                1.09374,
                0.712648,
                0.350609);
    }

    /** In a text of 601 tokens, for a model of 128; its last token is rotated alike when the text has grown to it. */
    @Test
    void anglesOfDynamicRopeAreTransformers() {
        RopeConfig.Dynamic config = new RopeConfig.Dynamic(500, 2, 128);
        double[] sines = {0.044182, 0.55528, -0.016718, -0.993637, 0.994633, 0.426941, 0.793435, 0.306009};
        try (Rope whole = new Rope(config, HEAD_DIM, 601, Device.CPU);
                Rope growing = Rope.growing(config, HEAD_DIM, Device.CPU);
                Rope plain = new Rope(config, HEAD_DIM, Device.CPU);
                PointerScope scope = new PointerScope()) {
            check(whole, 1, sines);
            check(growing, 1, sines);
            float[] within = Tensors.toFloats(plain.upTo(128).cos());
            assertThat(Tensors.toFloats(growing.upTo(128).cos())).containsExactly(within);
            assertThat(Tensors.toFloats(growing.upTo(129).cos().select(0, 128)))
                    .isNotEqualTo(Tensors.toFloats(plain.upTo(129).cos().select(0, 128)));
        }
    }

    private static void check(RopeConfig config, double... sines) {
        try (Rope rope = new Rope(config, HEAD_DIM, Device.CPU)) {
            check(rope, config.attentionFactor(), sines);
        }
    }

    private static void check(Rope rope, double factor, double... sines) {
        try (PointerScope scope = new PointerScope()) {
            RotaryAngles early = rope.upTo(3);
            float[] before = Tensors.toFloats(early.sin());
            // Beyond the first table, so it grows; what was handed out stays valid.
            float[] last = Tensors.toFloats(rope.upTo(601).sin().select(0, 600));
            assertThat(Tensors.toFloats(early.sin())).containsExactly(before);
            float[] cosines = Tensors.toFloats(rope.upTo(601).cos().select(0, 600));
            for (int i = 0; i < HEAD_DIM / 2; i++) {
                // The angle 600 is a float32 product: half a unit in its last place is 3e-5.
                assertThat((double) last[HEAD_DIM / 2 + i]).isCloseTo(sines[i], within(5e-5));
                assertThat(last[i]).isEqualTo(-last[HEAD_DIM / 2 + i]);
                assertThat((double) cosines[i] * cosines[i] + sines[i] * sines[i])
                        .isCloseTo(factor * factor, within(2e-4));
            }
            float[] rows = Tensors.toFloats(rope.at(Tensors.ofLongs(new long[] {600, 2}, Device.CPU, 2), 601)
                    .sin());
            assertThat(rows).startsWith(last);
        }
    }

    @Test
    void rotationTurnsPairsByTheirAngle() {
        try (Rope rope = new Rope(new RopeConfig.Plain(10_000), 4, Device.CPU);
                PointerScope scope = new PointerScope()) {
            float[] x = {1, 0, 0, 1, 1, 0, 0, 1};
            float[] turned = Tensors.toFloats(rope.upTo(2).rotate(Tensors.ofFloats(x, Device.CPU, 1, 2, 1, 4)));
            assertThat(turned).startsWith(1, 0, 0, 1);
            // Pairs are (0, 2) and (1, 3); at position 1 they turn by 1 and by 0.01.
            assertThat(turned[4]).isCloseTo((float) Math.cos(1), within(1e-6f));
            assertThat(turned[6]).isCloseTo((float) Math.sin(1), within(1e-6f));
            assertThat(turned[5]).isCloseTo((float) -Math.sin(0.01), within(1e-6f));
            assertThat(turned[7]).isCloseTo((float) Math.cos(0.01), within(1e-6f));
        }
    }
}
