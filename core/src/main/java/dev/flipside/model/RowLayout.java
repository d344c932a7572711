package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/** How the tokens of some rows stand in one matrix [B, T] for a pass through the decoder, and where each of them is found again. */
sealed interface RowLayout permits RowLayout.Padded, SharedPrefixLayout {
    /** Token ids, int64 [B, T]; where no token stands, id 0, which nothing attends to. */
    Tensor ids(Device device);

    /** Every token's position within its row, int64, to broadcast over [B, T]. */
    Tensor positions(Device device);

    /** Rotary angles of every token's position within its row, to broadcast over [B, T, heads, headDim]. */
    RotaryTables.Angles angles(RotaryTables rotary);

    /** Who sees whom; its masks belong to the caller's scope. */
    DecoderLayer.Attention attention(Decoder decoder);

    /** Where in [B * T] the given token of the given row stands. */
    long place(int row, int token);

    /** In how many rows each of [B * T] stands: 0 where no token does. */
    float[] multiplicities();

    /** B * T: the tokens that a pass computes, padding among them. */
    long tokens();

    /** The same rows as beginnings of texts of so many tokens, which is what decides how some models rotate them ({@link DecoderConfig#lengthClasses}). */
    RowLayout ofTexts(int length);

    /**
     * Every row whole, padded on the right: under a causal mask padding never reaches an earlier token.
     *
     * @param context see {@link RowLayout#ofTexts}
     */
    record Padded(int[][] rows, int context) implements RowLayout {
        Padded(int[][] rows) {
            this(rows, longest(rows));
        }

        @Override
        public RowLayout ofTexts(int length) {
            return new Padded(rows, length);
        }

        @Override
        public Tensor ids(Device device) {
            return Tensors.padded(rows, device);
        }

        @Override
        public Tensor positions(Device device) {
            return positions(longest(rows), device);
        }

        static Tensor positions(long tokens, Device device) {
            return Tensors.ofLongs(LongStream.range(0, tokens).toArray(), device, 1, tokens);
        }

        @Override
        public RotaryTables.Angles angles(RotaryTables rotary) {
            return rotary.upTo(longest(rows), context);
        }

        @Override
        public float[] multiplicities() {
            int slots = longest(rows);
            float[] counts = new float[rows.length * slots];
            for (int r = 0; r < rows.length; r++) {
                Arrays.fill(counts, r * slots, r * slots + rows[r].length, 1);
            }
            return counts;
        }

        @Override
        public DecoderLayer.Attention attention(Decoder decoder) {
            return decoder.causal(longest(rows));
        }

        @Override
        public long place(int row, int token) {
            return (long) row * longest(rows) + token;
        }

        @Override
        public long tokens() {
            return (long) rows.length * longest(rows);
        }
    }

    /** The length of the longest row. */
    static int longest(int[][] rows) {
        int longest = 0;
        for (int[] row : rows) {
            longest = Math.max(longest, row.length);
        }
        return longest;
    }
}
