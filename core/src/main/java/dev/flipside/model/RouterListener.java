package dev.flipside.model;

import org.bytedeco.pytorch.Tensor;

/** Learns what the routers of a pass decided, for the load-balancing loss. */
@FunctionalInterface
interface RouterListener {
    /** Where nobody wants to know. */
    RouterListener NONE = (layer, probabilities, chosen) -> {};

    /**
     * @param layer which block
     * @param probabilities of all experts, float32 [tokens, experts], part of the graph
     * @param chosen the experts of each token, int64 [tokens, per token]
     */
    void routed(int layer, Tensor probabilities, Tensor chosen);
}
