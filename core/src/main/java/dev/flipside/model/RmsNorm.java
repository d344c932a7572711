package dev.flipside.model;

import dev.flipside.engine.Tensors;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467) over rows, forward and backward by hand in few passes
 * over memory.
 *
 * <p>With r = 1 / sqrt(mean(x^2) + eps) the norm is y = w x r, and for a gradient g of y: dw = sum over rows of g x r,
 * and dx = r (w g - x r mean(w g x r)).
 */
record RmsNorm(double eps) {
    /** y [N, D] from x [N, D] and w [D], outside autograd. */
    Tensor forward(Tensor x, Tensor weight) {
        return unit(x).mul_(weight);
    }

    /**
     * Adds the gradient of x into {@code into} and that of w into {@code gradWeight}.
     *
     * @param gradOutput g [N, D]; overwritten
     * @param gradWeight empty where w is frozen
     */
    void backward(Tensor gradOutput, Tensor x, Tensor weight, Optional<Tensor> gradWeight, Tensor into) {
        Tensor scale = scale(x);
        Tensor unit = x.mul(scale);
        Tensor both = gradOutput.mul(unit);
        gradWeight.ifPresent(sum -> sum.add_(both.sum(0L)));
        Tensor mean = both.mv(weight).div_(new Scalar((double) x.size(1))).unsqueeze(1);
        gradOutput.mul_(weight).addcmul_(unit, mean, new Scalar(-1.0));
        into.addcmul_(gradOutput, scale);
    }

    private Tensor unit(Tensor x) {
        return x.mul(scale(x));
    }

    /** r [N, 1]. */
    private Tensor scale(Tensor x) {
        Tensor norm = torch.linalg_vector_norm(x, Tensors.scalar(2), new long[] {1}, true, new ScalarTypeOptional());
        return norm.square_()
                .div_(new Scalar((double) x.size(1)))
                .add_(new Scalar(eps))
                .rsqrt_();
    }
}
