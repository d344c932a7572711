package dev.flipside.model;

import dev.flipside.engine.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Rows of the tables of {@link Rope}, shaped to broadcast over [B, T, heads, headDim].
 *
 * @param cos cosines
 * @param sin sines, negative in the first half of a head
 */
record RotaryAngles(Tensor cos, Tensor sin) {
    /** Rotates every head of x [B, T, heads, headDim], or its first dimensions where the tables are narrower. */
    Tensor rotate(Tensor x) {
        long rotated = cos.size(-1);
        long kept = x.size(-1) - rotated;
        return kept == 0 ? whole(x) : Tensors.cat(-1, whole(x.narrow(-1, 0, rotated)), x.narrow(-1, rotated, kept));
    }

    /** For angles a of whole heads e^(i a), complex [..., headDim / 2]. */
    Tensor asComplex() {
        long half = cos.size(-1) / 2;
        return torch.view_as_complex(
                torch.stack(new TensorVector(cos.narrow(-1, 0, half), sin.narrow(-1, half, half)), -1));
    }

    private Tensor whole(Tensor x) {
        long half = x.size(-1) / 2;
        return x.mul(cos).add_(x.roll(new long[] {half}, -1).mul_(sin));
    }
}
