package dev.flipside.model;

import org.bytedeco.pytorch.Tensor;

/** How far weights are from others: {@code |now - then| / |then|} in the 2-norm over all tensors that were added. */
final class RelativeChange {
    private double moved;
    private double size;

    /** Tensors of one shape. */
    void add(Tensor now, Tensor then) {
        moved += square(now.sub(then));
        size += square(then);
    }

    double value() {
        return Math.sqrt(moved / size);
    }

    private static double square(Tensor x) {
        double norm = x.norm().item_double();
        return norm * norm;
    }
}
