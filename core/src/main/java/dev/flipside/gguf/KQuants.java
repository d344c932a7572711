package dev.flipside.gguf;

import java.nio.ByteBuffer;

/**
 * The "k-quants": superblocks of 256 numbers in sub-blocks of 16 or 32, whose scales (and minima) are themselves
 * quantised and share one or two halves.
 *
 * <p>Bits of neighbouring numbers lie in neighbouring bytes: a run of bytes is read once per bit position, lowest
 * first, and each reading gives a run of numbers.
 */
final class KQuants {
    private static final int SUPERBLOCK = 256;

    private KQuants() {}

    /** 16 bytes of 4-bit scales and minima, 64 bytes of two-bit numbers, d, dmin. */
    static void q2(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at + 80));
        float dmin = Half.toFloat(in.getShort(at + 82));
        for (int i = 0; i < SUPERBLOCK; i++) {
            int scale = in.get(at + i / 16);
            out[to + i] = d * (scale & 15) * twoBits(in, at + 16, i) - dmin * (scale >> 4 & 15);
        }
    }

    /** 32 bytes of third bits (0 stands for -4), 64 bytes of two-bit numbers, 12 bytes of 6-bit scales, d. */
    static void q3(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at + 108));
        for (int i = 0; i < SUPERBLOCK; i++) {
            int block = i / 16;
            int low = in.get(at + 96 + block % 8) >> block / 8 * 4 & 15;
            int high = in.get(at + 104 + block % 4) >> block / 4 * 2 & 3;
            int third = in.get(at + i % 32) >> i / 32 & 1;
            out[to + i] = d * ((low | high << 4) - 32) * (twoBits(in, at + 32, i) - (third == 1 ? 0 : 4));
        }
    }

    /** d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of four-bit numbers. */
    static void q4(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        float dmin = Half.toFloat(in.getShort(at + 2));
        for (int block = 0; block < 8; block++) {
            float scale = d * scale(in, at + 4, block);
            float min = dmin * minimum(in, at + 4, block);
            for (int j = 0; j < 32; j++) {
                int q = in.get(at + 16 + block / 2 * 32 + j) >> block % 2 * 4 & 15;
                out[to + block * 32 + j] = scale * q - min;
            }
        }
    }

    /** As {@link #q4} with 32 bytes of fifth bits before the four-bit numbers. */
    static void q5(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at));
        float dmin = Half.toFloat(in.getShort(at + 2));
        for (int block = 0; block < 8; block++) {
            float scale = d * scale(in, at + 4, block);
            float min = dmin * minimum(in, at + 4, block);
            for (int j = 0; j < 32; j++) {
                int low = in.get(at + 48 + block / 2 * 32 + j) >> block % 2 * 4 & 15;
                int fifth = in.get(at + 16 + j) >> block & 1;
                out[to + block * 32 + j] = scale * (low | fifth << 4) - min;
            }
        }
    }

    /** 128 bytes of four-bit numbers, 64 bytes of their two high bits, 16 signed scales, d. */
    static void q6(ByteBuffer in, int at, float[] out, int to) {
        float d = Half.toFloat(in.getShort(at + 208));
        for (int i = 0; i < SUPERBLOCK; i++) {
            int half = i / 128;
            int low = in.get(at + half * 64 + i % 64) >> i / 64 % 2 * 4 & 15;
            int high = in.get(at + 128 + half * 32 + i % 32) >> i / 32 % 4 * 2 & 3;
            out[to + i] = d * in.get(at + 192 + i / 16) * ((low | high << 4) - 32);
        }
    }

    /** Number i of 64 bytes: two runs of 32 bytes, each read at four bit positions. */
    private static int twoBits(ByteBuffer in, int at, int i) {
        return in.get(at + i / 128 * 32 + i % 32) >> i / 32 % 4 * 2 & 3;
    }

    /**
     * Six bits: those of blocks 0 to 3 in bytes 0 to 3; of blocks 4 to 7, four in the low nibbles of bytes 8 to 11 and
     * two on top of bytes 0 to 3.
     */
    private static int scale(ByteBuffer in, int at, int block) {
        return block < 4
                ? in.get(at + block) & 63
                : in.get(at + 4 + block) & 15 | (in.get(at + block - 4) >> 6 & 3) << 4;
    }

    /** As {@link #scale} with bytes 4 to 7 and the high nibbles of bytes 8 to 11. */
    private static int minimum(ByteBuffer in, int at, int block) {
        return block < 4
                ? in.get(at + 4 + block) & 63
                : in.get(at + 4 + block) >> 4 & 15 | (in.get(at + block) >> 6 & 3) << 4;
    }
}
