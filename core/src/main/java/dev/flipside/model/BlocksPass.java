package dev.flipside.model;

import org.bytedeco.pytorch.Tensor;

/**
 * All blocks and the final norm forward, with what their backward pass needs. Native memory lives until {@link #close}.
 */
sealed interface BlocksPass extends AutoCloseable permits AutogradPass, PlannedPass {
    /** The hidden states, float32 [B, T, D]; valid until {@link #close}. */
    Tensor hidden();

    /**
     * Adds the gradients of the blocks' weights and of the final norm's. May be called once.
     *
     * @param gradHidden with respect to {@link #hidden}, float32 [B, T, D]
     * @param balanceWeight of {@link #balanceLoss}, whose gradient is added
     * @return the gradient with respect to the embedded tokens, float32 [B, T, D]; belongs to the caller's scope
     */
    Tensor backward(Tensor gradHidden, double balanceWeight);

    /** The load-balancing loss of routers; 0 without experts. */
    double balanceLoss();

    @Override
    void close();
}
