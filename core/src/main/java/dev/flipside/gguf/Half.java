package dev.flipside.gguf;

/** IEEE 754 half precision (binary16); Java has it from version 20 on. */
final class Half {
    /**
     * The least magnitude that rounds to infinity: halfway between the largest finite half, 65504, and the next power
     * of two.
     */
    static final float OVERFLOW = 65520;

    private static final float LEAST_NORMAL = 0x1p-14f;
    private static final float SUBNORMAL_STEP = 0x1p-24f;

    private Half() {}

    static float toFloat(short bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        float magnitude =
                switch (exponent) {
                    case 0 -> fraction * SUBNORMAL_STEP;
                    case 31 -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
                    default -> Float.intBitsToFloat(exponent + 112 << 23 | fraction << 13);
                };
        return bits < 0 ? -magnitude : magnitude;
    }

    /** The nearest half, ties to even, of a finite number below {@link #OVERFLOW} in magnitude. */
    static short ofFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        float magnitude = Math.abs(value);
        if (magnitude < LEAST_NORMAL) {
            // A multiple of the step, exact but for the rounding that rint does; a carry makes the least normal number.
            return (short) (sign | (int) Math.rint(magnitude / SUBNORMAL_STEP));
        }
        int rounded = (bits & 0x7fffffff) + 0xfff + (bits >>> 13 & 1);
        return (short) (sign | (rounded >>> 13) - (112 << 10));
    }
}
