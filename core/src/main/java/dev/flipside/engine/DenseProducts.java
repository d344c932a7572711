package dev.flipside.engine;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The products of a dense layer outside autograd: by oneDNN where it can ({@link MatrixProduct}), else by torch, whose
 * {@code linear} is also the way with autograd.
 */
public final class DenseProducts {
    private DenseProducts() {}

    /**
     * {@code x weight^T + bias}, without autograd.
     *
     * @param x [..., K]
     * @param weight [O, K]
     * @param bias [O] or absent
     * @return [..., O]
     */
    public static Tensor linear(Tensor x, Tensor weight, TensorOptional bias) {
        if (!byOneDnn(x, weight)) {
            return torch.linear(x, weight, bias);
        }
        long[] shape = new long[Math.toIntExact(x.dim())];
        for (int i = 0; i < shape.length - 1; i++) {
            shape[i] = x.size(i);
        }
        shape[shape.length - 1] = weight.size(0);
        Tensor rows = x.reshape(-1, x.size(-1));
        Tensor into = torch.empty(rows.size(0), weight.size(0));
        MatrixProduct.multiply(rows, weight.t(), into, Epilogue.NONE);
        if (bias.has_value()) {
            into.add_(bias.get());
        }
        return into.view(shape);
    }

    /**
     * The gradient for the input of {@link #linear}.
     *
     * @param gradOutput [N, O]
     * @param weight [O, K]
     * @return [N, K]
     */
    public static Tensor gradInput(Tensor gradOutput, Tensor weight) {
        if (!byOneDnn(gradOutput, weight)) {
            return torch.mm(gradOutput, weight);
        }
        Tensor into = torch.empty(gradOutput.size(0), weight.size(1));
        MatrixProduct.multiply(gradOutput, weight, into, Epilogue.NONE);
        return into;
    }

    /**
     * Adds the gradient for the weight of {@link #linear}.
     *
     * @param gradOutput [N, O]
     * @param x [N, K]
     * @param into [O, K]
     */
    public static void addGradWeight(Tensor gradOutput, Tensor x, Tensor into) {
        if (byOneDnn(gradOutput, x)) {
            MatrixProduct.multiply(gradOutput.t(), x, into, Epilogue.ACCUMULATE);
        } else {
            into.add_(torch.mm(gradOutput.t(), x));
        }
    }

    private static boolean byOneDnn(Tensor a, Tensor b) {
        return OneDnn.available() && OneDnn.accepts(a, b) && a.numel() > 0 && b.numel() > 0;
    }
}
