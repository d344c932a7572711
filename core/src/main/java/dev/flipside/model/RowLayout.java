package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.model.family.DecoderConfig;
import org.bytedeco.pytorch.Tensor;

/**
 * How the tokens of some rows stand in one matrix [B, T] for a pass through the decoder, and where each of them is
 * found again.
 */
sealed interface RowLayout permits PaddedLayout, SharedPrefixLayout {
    /** Token ids, int64 [B, T]; where no token stands, id 0, which nothing attends to. */
    Tensor ids(Device device);

    /** Every token's position within its row, int64, to broadcast over [B, T]. */
    Tensor positions(Device device);

    /** Rotary angles of every token's position within its row, to broadcast over [B, T, heads, headDim]. */
    LayerAngles angles(RotaryTables rotary);

    /** Who sees whom; its masks belong to the caller's scope. */
    Attention attention(Decoder decoder);

    /** Where in [B * T] the given token of the given row stands. */
    long place(int row, int token);

    /** In how many rows each of [B * T] stands: 0 where no token does. */
    float[] multiplicities();

    /** B * T: the tokens that a pass computes, padding among them. */
    long tokens();

    /**
     * The same rows as beginnings of texts of so many tokens, which is what decides how some models rotate them
     * ({@link DecoderConfig#lengthClasses}).
     */
    RowLayout ofTexts(int length);

    /** The length of the longest row. */
    static int longest(int[][] rows) {
        int longest = 0;
        for (int[] row : rows) {
            longest = Math.max(longest, row.length);
        }
        return longest;
    }
}
