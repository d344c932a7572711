package dev.flipside.engine;

import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The three products of a dense layer: forward, for its input's gradient and for its weight's.
 *
 * <p>On the CPU, large float32 products go to oneDNN as convolutions by one point, which is the same arithmetic. Its kernels are made for the instruction set at
 * hand whoever built the processor, whereas MKL keeps AVX-512 from AMD's: twice as fast there, about equal elsewhere. Everything else goes to torch's
 * {@code linear} and {@code mm}.
 */
public final class DenseProducts {
    /** Below this, torch would not hand a convolution by one point to oneDNN. */
    private static final long WORTHWHILE = 20480;

    private static final long[] ONES = {1, 1};
    private static final long[] ZEROS = {0, 0};

    private DenseProducts() {}

    /** Gradients of a dense layer: for its input [N, K] and for its weight [O, K], in the scope of the caller. */
    public record Gradients(Tensor input, Tensor weight) {}

    /**
     * {@code x weight^T + bias}, with autograd when grad mode is on.
     *
     * @param x [..., K]
     * @param weight [O, K]
     * @param bias [O] or absent
     * @return [..., O]
     */
    public static Tensor linear(Tensor x, Tensor weight, TensorOptional bias) {
        if (!byConvolution(x)) {
            return torch.linear(x, weight, bias);
        }
        long[] shape = new long[Math.toIntExact(x.dim())];
        for (int i = 0; i < shape.length - 1; i++) {
            shape[i] = x.size(i);
        }
        shape[shape.length - 1] = weight.size(0);
        return fromImage(torch.conv2d(image(x), pointwise(weight), bias, ONES, ZEROS, ONES, 1L))
                .view(shape);
    }

    /**
     * The backward pass of {@link #linear} without a bias.
     *
     * @param gradOutput [N, O]
     * @param x [N, K]
     * @param weight [O, K]
     */
    public static Gradients backward(Tensor gradOutput, Tensor x, Tensor weight) {
        if (!byConvolution(x) || !byConvolution(gradOutput)) {
            return new Gradients(torch.mm(gradOutput, weight), torch.mm(gradOutput.t(), x));
        }
        BoolPointer wanted = new BoolPointer(3).put(0, true).put(1, true).put(2, false);
        T_TensorTensorTensor_T gradients = torch.convolution_backward(
                image(gradOutput),
                image(x),
                pointwise(weight),
                new LongArrayRefOptional(),
                ONES,
                ZEROS,
                ONES,
                false,
                ZEROS,
                1L,
                wanted);
        return new Gradients(fromImage(gradients.get0()), gradients.get1().reshape(weight.size(0), weight.size(1)));
    }

    private static boolean byConvolution(Tensor x) {
        // With one thread torch keeps convolutions by one point to itself.
        return x.numel() > WORTHWHILE
                && x.is_cpu()
                && torch.get_num_threads() > 1
                && x.is_contiguous()
                && x.scalar_type().intern() == ScalarType.Float
                && torch.hasMKLDNN();
    }

    /** Rows [N, K] as an image of one line, N points and K channels, channels last: a view. */
    private static Tensor image(Tensor rows) {
        return rows.view(1, 1, -1, rows.size(-1)).permute(0, 3, 1, 2);
    }

    private static Tensor fromImage(Tensor image) {
        long channels = image.size(1);
        return image.permute(0, 2, 3, 1).reshape(-1, channels);
    }

    private static Tensor pointwise(Tensor weight) {
        return weight.view(weight.size(0), weight.size(1), 1, 1);
    }
}
