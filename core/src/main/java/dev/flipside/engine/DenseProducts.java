package dev.flipside.engine;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The products of a dense layer outside autograd: by oneDNN where it can ({@link MatrixProduct}), else by torch, whose
 * {@code linear} is also the way with autograd.
 *
 * <p>Weights may be bfloat16 where the rest is float32. They are then multiplied as the float32 numbers that they are;
 * nothing else is rounded, and sums are float32. Where torch's autocast is on, it computes, and rounds what is
 * multiplied.
 */
public final class DenseProducts {
    private DenseProducts() {}

    /**
     * {@code x weight^T + bias}, without autograd.
     *
     * @param x [..., K]
     * @param weight [O, K], perhaps bfloat16
     * @param bias [O] or absent
     * @return [..., O]
     */
    public static Tensor linear(Tensor x, Tensor weight, TensorOptional bias) {
        if (!byOneDnn(x, weight)) {
            return torch.linear(x, like(x, weight), bias);
        }
        long[] shape = new long[Math.toIntExact(x.dim())];
        for (int i = 0; i < shape.length - 1; i++) {
            shape[i] = x.size(i);
        }
        shape[shape.length - 1] = weight.size(0);
        Tensor rows = x.reshape(-1, x.size(-1));
        Tensor into = x.new_empty(rows.size(0), weight.size(0));
        multiply(rows, weight.t(), into);
        if (bias.has_value()) {
            into.add_(bias.get());
        }
        return into.view(shape);
    }

    /**
     * The gradient for the input of {@link #linear}.
     *
     * @param gradOutput [N, O]
     * @param weight [O, K], perhaps bfloat16
     * @return [N, K]
     */
    public static Tensor gradInput(Tensor gradOutput, Tensor weight) {
        if (!byOneDnn(gradOutput, weight)) {
            return torch.mm(gradOutput, like(gradOutput, weight));
        }
        Tensor into = gradOutput.new_empty(gradOutput.size(0), weight.size(1));
        multiply(gradOutput, weight, into);
        return into;
    }

    /** The columns of bfloat16 that oneDNN has no kernel for are multiplied as float32. */
    private static void multiply(Tensor a, Tensor b, Tensor into) {
        long columns = b.size(1);
        long most = columns - columns % MatrixProduct.ROUNDED_MULTIPLE;
        if (!OneDnn.isRounded(b) || most == columns && MatrixProduct.multipliesRounded(b.size(0), columns)) {
            MatrixProduct.multiply(a, b, into, Epilogue.NONE);
        } else if (most > 0 && MatrixProduct.multipliesRounded(b.size(0), most)) {
            MatrixProduct.multiply(a, b.narrow(1, 0, most), into.narrow(1, 0, most), Epilogue.NONE);
            Tensor rest = b.narrow(1, most, columns - most).to(ScalarType.Float);
            MatrixProduct.multiply(a, rest, into.narrow(1, most, columns - most), Epilogue.NONE);
        } else {
            MatrixProduct.multiply(a, b.to(ScalarType.Float), into, Epilogue.NONE);
        }
    }

    /** Where torch's autocast is on, it rounds what is multiplied with a bfloat16 weight. */
    private static Tensor like(Tensor x, Tensor weight) {
        return OneDnn.isRounded(weight) && !autocasts(x) ? weight.to(x.scalar_type()) : weight;
    }

    private static boolean autocasts(Tensor x) {
        return torch.is_autocast_enabled(x.is_cpu() ? DeviceType.CPU : DeviceType.CUDA);
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
        return OneDnn.available()
                && !autocasts(a)
                && OneDnn.accepts(a)
                && OneDnn.acceptsWeight(b)
                && a.numel() > 0
                && b.numel() > 0;
    }
}
