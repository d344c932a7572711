package dev.flipside.model;

import org.bytedeco.pytorch.Tensor;

/**
 * What lies between the two products of an attention block, forward, with what its backward pass needs. Native memory
 * lives until {@link #close}.
 */
interface AttentionPass extends AutoCloseable {
    /** [N, H * headDim], valid until {@link #close}. */
    Tensor mixed();

    /**
     * May be called once.
     *
     * @param gradMixed with respect to {@link #mixed}
     * @return the gradient with respect to queries, keys and values before their rotation [N, (H + 2 KV) headDim], in
     *     the caller's scope
     */
    Tensor backward(Tensor gradMixed);

    @Override
    void close();
}
