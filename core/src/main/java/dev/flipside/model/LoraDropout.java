package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Which inputs of an adapter are dropped in one pass.
 *
 * <p>Every number is derived from the optimiser step's key, the token with all tokens before it in its row, the module
 * and the column. So a mask can be made again in the backward pass, a prompt that several rows share has one mask
 * however rows are cut into passes, and the same step always drops the same. Drawn on the processor.
 */
final class LoraDropout {
    private static final double LANE = 0x1.0p-32;

    private final double share;
    private final long[] tokenKeys;
    private final Device device;

    /**
     * @param share dropped, in (0, 1)
     * @param key names the optimiser step
     * @param layout whose tokens the inputs belong to
     */
    LoraDropout(double share, long key, RowLayout layout, Device device) {
        this.share = share;
        this.device = device;
        tokenKeys = new long[Math.toIntExact(layout.tokens())];
        if (layout instanceof SharedPrefixLayout shared) {
            long[] ends = fill(shared.prefixes(), 0, shared.prefixSlots(), p -> key);
            int first = Math.toIntExact(shared.prefixTokens());
            fill(shared.continuations(), first, shared.continuationSlots(), r -> ends[shared.prefixOf()[r]]);
        } else if (layout instanceof PaddedLayout padded) {
            fill(padded.rows(), 0, RowLayout.longest(padded.rows()), r -> key);
        }
    }

    /** Keys of rows that stand one below the other, and where each row's key ends. */
    private long[] fill(int[][] rows, int first, int slots, IntToLongFunction begin) {
        long[] ends = new long[rows.length];
        for (int r = 0; r < rows.length; r++) {
            long key = begin.applyAsLong(r);
            for (int t = 0; t < rows[r].length; t++) {
                key = Seeds.key(key, rows[r][t]);
                tokenKeys[first + r * slots + t] = key;
            }
            ends[r] = key;
        }
        return ends;
    }

    /**
     * 0 where an input is dropped, and 1 / (1 - share) where it is kept.
     *
     * @param module its number
     * @param x the inputs [..., K], of all tokens of the layout
     * @return float32, of x's shape, in the caller's scope
     */
    Tensor mask(int module, Tensor x) {
        int columns = Math.toIntExact(x.size(-1));
        float kept = (float) (1 / (1 - share));
        float[] mask = new float[tokenKeys.length * columns];
        IntStream.range(0, tokenKeys.length).parallel().forEach(token -> {
            long key = Seeds.key(tokenKeys[token], module);
            for (int c = 0; c < columns; c += 2) {
                // One key is two numbers of 32 bits.
                long bits = Seeds.key(key, c);
                int at = token * columns + c;
                mask[at] = (bits >>> 32) * LANE < share ? 0 : kept;
                if (c + 1 < columns) {
                    mask[at + 1] = (bits & 0xFFFFFFFFL) * LANE < share ? 0 : kept;
                }
            }
        });
        return Tensors.ofFloats(mask, device, tokenKeys.length, columns).view_as(x);
    }
}
