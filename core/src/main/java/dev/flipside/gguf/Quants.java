package dev.flipside.gguf;

import java.nio.ByteBuffer;

/**
 * Blocks of 32 numbers. A block is its scale d as a half, then for the types ending in 1 its minimum m as a half, then
 * for the five-bit types 32 high bits, then the low bits: in byte j the numbers j (low nibble) and j + 16 (high
 * nibble).
 */
final class Quants {
    private static final int HALF = 16;

    private Quants() {}

    static void q40(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        for (int j = 0; j < HALF; j++) {
            int q = in.get(at + 2 + j);
            out[to + j] = d * ((q & 15) - 8);
            out[to + HALF + j] = d * ((q >> 4 & 15) - 8);
        }
    }

    static void q41(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        float m = Half.toFloat(in.getShort(at + 2));
        for (int j = 0; j < HALF; j++) {
            int q = in.get(at + 4 + j);
            out[to + j] = d * (q & 15) + m;
            out[to + HALF + j] = d * (q >> 4 & 15) + m;
        }
    }

    static void q50(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        int high = in.getInt(at + 2);
        for (int j = 0; j < HALF; j++) {
            int q = in.get(at + 6 + j);
            out[to + j] = d * ((q & 15 | (high >>> j & 1) << 4) - 16);
            out[to + HALF + j] = d * ((q >> 4 & 15 | (high >>> j + HALF & 1) << 4) - 16);
        }
    }

    static void q51(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        float m = Half.toFloat(in.getShort(at + 2));
        int high = in.getInt(at + 4);
        for (int j = 0; j < HALF; j++) {
            int q = in.get(at + 8 + j);
            out[to + j] = d * (q & 15 | (high >>> j & 1) << 4) + m;
            out[to + HALF + j] = d * (q >> 4 & 15 | (high >>> j + HALF & 1) << 4) + m;
        }
    }

    static void q80(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        for (int j = 0; j < 2 * HALF; j++) {
            out[to + j] = d * in.get(at + 2 + j);
        }
    }
}
