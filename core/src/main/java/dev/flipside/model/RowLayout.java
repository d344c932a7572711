package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import org.bytedeco.pytorch.Tensor;

/** How the tokens of some rows stand in one matrix [B, T] for a pass through the decoder, and where each of them is found again. */
sealed interface RowLayout permits RowLayout.Padded, SharedPrefixLayout {
    /** Token ids, int64 [B, T]; where no token stands, id 0, which nothing attends to. */
    Tensor ids(Device device);

    /** Rotary angles of every token's position within its row, to broadcast over [B, T, heads, headDim]. */
    Rope.Angles angles(Rope rope);

    /** Who sees whom; its masks belong to the caller's scope. */
    DecoderLayer.Attention attention(Decoder decoder);

    /** Where in [B * T] the given token of the given row stands. */
    long place(int row, int token);

    /** B * T: the tokens that a pass computes, padding among them. */
    long tokens();

    /** Every row whole, padded on the right: under a causal mask padding never reaches an earlier token. */
    record Padded(int[][] rows) implements RowLayout {
        @Override
        public Tensor ids(Device device) {
            return Tensors.padded(rows, device);
        }

        @Override
        public Rope.Angles angles(Rope rope) {
            return rope.upTo(longest(rows));
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
