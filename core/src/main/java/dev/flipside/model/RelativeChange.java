package dev.flipside.model;

import dev.flipside.engine.Tensors;
import org.bytedeco.pytorch.Tensor;

/** How far weights are from others: {@code |now - then| / |then|} in the 2-norm over all tensors that were added. */
final class RelativeChange {
    private double moved;
    private double size;

    /** Tensors of one shape. */
    void add(Tensor now, Tensor then) {
        moved += Tensors.squaredNorm(now.sub(then));
        size += Tensors.squaredNorm(then);
    }

    double value() {
        return Math.sqrt(moved / size);
    }
}
