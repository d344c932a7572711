package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Every row whole, padded on the right: under a causal mask padding never reaches an earlier token.
 *
 * @param context see {@link RowLayout#ofTexts}
 */
record PaddedLayout(int[][] rows, int context) implements RowLayout {
    PaddedLayout(int[][] rows) {
        this(rows, RowLayout.longest(rows));
    }

    @Override
    public RowLayout ofTexts(int length) {
        return new PaddedLayout(rows, length);
    }

    @Override
    public Tensor ids(Device device) {
        return Tensors.padded(rows, device);
    }

    @Override
    public Tensor positions(Device device) {
        return positions(RowLayout.longest(rows), device);
    }

    static Tensor positions(long tokens, Device device) {
        return Tensors.ofLongs(LongStream.range(0, tokens).toArray(), device, 1, tokens);
    }

    @Override
    public LayerAngles angles(RotaryTables rotary) {
        return rotary.upTo(RowLayout.longest(rows), context);
    }

    @Override
    public float[] multiplicities() {
        int slots = RowLayout.longest(rows);
        float[] counts = new float[rows.length * slots];
        for (int r = 0; r < rows.length; r++) {
            Arrays.fill(counts, r * slots, r * slots + rows[r].length, 1);
        }
        return counts;
    }

    @Override
    public Attention attention(Decoder decoder) {
        return decoder.causal(RowLayout.longest(rows));
    }

    @Override
    public long place(int row, int token) {
        return (long) row * RowLayout.longest(rows) + token;
    }

    @Override
    public long tokens() {
        return (long) rows.length * RowLayout.longest(rows);
    }
}
