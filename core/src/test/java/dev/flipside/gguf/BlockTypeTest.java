package dev.flipside.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockTypeTest {
    @ParameterizedTest
    @EnumSource(BlockType.class)
    void everyNumberIsThatOfGgufPyToTheBit(BlockType type) throws Exception {
        JsonNode golden = GgufFixtures.json("quants.json").get(type.name());
        ByteBuffer blocks = bytes(golden.get("blocks"));
        ByteBuffer wanted = bytes(golden.get("values"));
        int count = wanted.remaining() / Float.BYTES;
        assertThat(type.bytes(count)).isEqualTo(blocks.remaining());

        float[] found = new float[count];
        type.read(blocks, found, count);

        for (int i = 0; i < count; i++) {
            assertThat(Float.floatToRawIntBits(found[i])).as("number %d", i).isEqualTo(wanted.getInt(i * Float.BYTES));
        }
    }

    @Test
    void everyFiniteHalfSurvivesTheWayThroughFloat() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Half.toFloat((short) bits);
            if (Float.isFinite(value)) {
                assertThat(Half.ofFloat(value)).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void aFloatBecomesTheNearestHalfAndATieTheEvenOne() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100_000; i++) {
            float value = (float) (random.nextDouble() * Math.pow(2, random.nextInt(-26, 16)));
            short half = Half.ofFloat(value);
            double gap = Math.abs((double) Half.toFloat(half) - value);
            double below = half == 0 ? Double.MAX_VALUE : Math.abs((double) Half.toFloat((short) (half - 1)) - value);
            double above = Math.abs((double) Half.toFloat((short) (half + 1)) - value);
            assertThat(gap).isLessThanOrEqualTo(Math.min(below, above));
        }
        // Halfway between 1 and the next half, and between that and its successor.
        assertThat(Half.ofFloat(1 + 0x1p-11f)).isEqualTo((short) 0x3c00);
        assertThat(Half.ofFloat(1 + 3 * 0x1p-11f)).isEqualTo((short) 0x3c02);
        assertThat(Half.ofFloat(-0x1p-25f)).isEqualTo((short) 0x8000);
        assertThat(Half.ofFloat(0x1.8p-24f)).isEqualTo((short) 2);
        assertThat(Half.ofFloat(65519)).isEqualTo((short) 0x7bff);
    }

    private static ByteBuffer bytes(JsonNode base64) {
        return ByteBuffer.wrap(Base64.getDecoder().decode(base64.asText())).order(ByteOrder.LITTLE_ENDIAN);
    }
}
