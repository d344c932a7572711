package dev.flipside.model;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * A weight of an adapter, or its transpose where two modules share one.
 *
 * @param leaf outside every scope
 * @param learns whether it has a gradient once the adapter is trained
 */
record Factor(Tensor leaf, boolean transposed, boolean learns) {
    /** Part of an autograd graph when grad mode is on; in the caller's scope. */
    Tensor value() {
        return transposed ? leaf.t() : leaf;
    }

    /** {@link #value} as a constant. */
    Tensor constant() {
        return value().detach();
    }

    Factor t() {
        return new Factor(leaf, !transposed, learns);
    }

    /** Where its gradient is added; empty where it is frozen. */
    Optional<Tensor> gradient() {
        return learns ? Optional.of(transposed ? leaf.grad().t() : leaf.grad()) : Optional.empty();
    }
}
