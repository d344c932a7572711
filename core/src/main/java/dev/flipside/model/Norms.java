package dev.flipside.model;

import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig.Norm;
import dev.flipside.model.family.DecoderConfig.NormKind;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Norms over the last dimension, with autograd where grad mode is on. {@link RmsNorm} is the one by hand. */
final class Norms {
    private Norms() {}

    /** What a root-mean-square norm multiplies with: its weight, or one more in Gemma. */
    static Tensor factor(Norm norm, Tensor weight) {
        return norm.kind() == NormKind.RMS_PLUS_ONE ? weight.add(new Scalar(1.0)) : weight;
    }

    static Tensor rms(Tensor x, Tensor factor, double eps) {
        // CUDA's one kernel for it wants one type; sums are float32 in any case.
        Tensor like = x.scalar_type() == factor.scalar_type() ? x : x.to(factor.scalar_type());
        return torch.rms_norm(like, new long[] {factor.numel()}, new TensorOptional(factor), new DoubleOptional(eps));
    }

    /** Without a factor. */
    static Tensor unit(Tensor x, double eps) {
        return torch.rms_norm(x, new long[] {x.size(-1)}, Tensors.NONE, new DoubleOptional(eps));
    }

    /** By mean and variance, without weight and bias. */
    static Tensor centred(Tensor x, double eps) {
        return torch.layer_norm(x, new long[] {x.size(-1)}, Tensors.NONE, Tensors.NONE, eps, true);
    }

    static Tensor layer(Tensor x, Tensor weight, Tensor bias, double eps) {
        return torch.layer_norm(
                x, new long[] {weight.numel()}, new TensorOptional(weight), new TensorOptional(bias), eps, true);
    }
}
