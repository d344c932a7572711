package dev.flipside.model;

import org.bytedeco.pytorch.Tensor;

/**
 * How the tokens of a block see one another: the only thing that differs between training, prefill and a decoding step.
 */
@FunctionalInterface
interface Attention {
    /**
     * @param layer which block
     * @param q rotated queries [B, T, H, headDim]
     * @param k rotated keys [B, T, KV, headDim]
     * @param v values [B, T, KV, headDim]
     * @return [B, T, H * headDim]
     */
    Tensor apply(int layer, Tensor q, Tensor k, Tensor v);
}
