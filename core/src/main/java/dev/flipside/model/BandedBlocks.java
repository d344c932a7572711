package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Causal attention of long rows to a window of keys, some queries at a time, each block with the keys that it can see:
 * neither a mask nor a table of scores of all queries by all keys.
 */
final class BandedBlocks {
    private final long window;
    private final long block;

    /** Minus infinity where a block's query may not look: [block, window - 1 + block], the last keys its own. */
    private final Tensor mask;

    /**
     * The mask belongs to the caller's scope.
     *
     * @param window keys that a query sees, itself among them
     * @param block queries at a time
     */
    BandedBlocks(long window, long block, Device device) {
        this.window = window;
        this.block = block;
        long keys = window - 1 + block;
        Tensor hidden = torch.ones(new long[] {block, keys}, device.options(ScalarType.Bool))
                .tril_(window - 1)
                .triu_(0)
                .logical_not_();
        mask = torch.zeros(new long[] {block, keys}, device.options(ScalarType.Float))
                .masked_fill_(hidden, new Scalar(Double.NEGATIVE_INFINITY));
    }

    /** Attention of some queries [B, H, n, headDim] to some keys under an additive mask [n, keys]. */
    @FunctionalInterface
    interface Kernel {
        Tensor apply(Tensor q, Tensor k, Tensor v, Tensor mask);
    }

    /** Of q [B, H, T, headDim] to k and v [B, KV, T, headDim]. */
    Tensor apply(Tensor q, Tensor k, Tensor v, Kernel kernel) {
        long tokens = q.size(2);
        List<Tensor> parts = new ArrayList<>();
        for (long from = 0; from < tokens; from += block) {
            long count = Math.min(block, tokens - from);
            long oldest = Math.max(0, from - window + 1);
            long seen = from + count - oldest;
            Tensor part = mask.narrow(0, 0, count).narrow(1, window - 1 - (from - oldest), seen);
            parts.add(
                    kernel.apply(q.narrow(2, from, count), k.narrow(2, oldest, seen), v.narrow(2, oldest, seen), part));
        }
        return Tensors.cat(2, parts.toArray(Tensor[]::new));
    }
}
