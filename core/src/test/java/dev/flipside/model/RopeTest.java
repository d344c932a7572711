package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Tensors;
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

    private static void check(RopeConfig config, double... sines) {
        try (Rope rope = new Rope(config, HEAD_DIM, Device.CPU);
                PointerScope scope = new PointerScope()) {
            Rope.Angles early = rope.upTo(3);
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
                        .isCloseTo(1, within(1e-4));
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
