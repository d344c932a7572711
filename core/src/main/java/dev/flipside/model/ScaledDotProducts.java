package dev.flipside.model;

import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Softmax attention as a model's {@link DecoderConfig.Attention} wants it: by torch's kernels, or written out where
 * scores are capped, which no kernel does.
 */
record ScaledDotProducts(int headDim, OptionalDouble scale, OptionalDouble softCap) {
    static ScaledDotProducts of(DecoderConfig config) {
        return new ScaledDotProducts(
                config.headDim(), config.attention().scale(), config.attention().softCap());
    }

    /**
     * softmax(q k^T scale + mask) v.
     *
     * @param q [B, H, T, headDim]
     * @param k [B, KV, S, headDim], as v
     * @param mask true where a query may look, or a number added to its score; broadcast to [B, H, T, S]
     * @param causal instead of a mask, with T = S
     * @param sharesKeys whether KV is a divisor of H rather than H
     */
    Tensor apply(Tensor q, Tensor k, Tensor v, TensorOptional mask, boolean causal, boolean sharesKeys) {
        if (softCap.isPresent()) {
            return capped(q, k, v, mask, causal);
        }
        DoubleOptional factor = scale.isPresent() ? new DoubleOptional(scale.getAsDouble()) : Tensors.NO_DOUBLE;
        return torch.scaled_dot_product_attention(q, k, v, mask, 0.0, causal, factor, sharesKeys);
    }

    private Tensor capped(Tensor q, Tensor k, Tensor v, TensorOptional mask, boolean causal) {
        double cap = softCap.getAsDouble();
        double factor = scale.orElse(1 / Math.sqrt(headDim));
        Tensor scores = q.matmul(repeated(k, q.size(1)).transpose(-2, -1)).to(ScalarType.Float);
        Tensor capped = scores.mul(new Scalar(factor / cap)).tanh().mul(new Scalar(cap));
        Tensor probabilities = masked(capped, mask, causal).softmax(-1);
        return probabilities.to(v.scalar_type()).matmul(repeated(v, q.size(1)));
    }

    private static Tensor masked(Tensor scores, TensorOptional mask, boolean causal) {
        if (!causal && !mask.has_value()) {
            return scores;
        }
        Tensor seen = causal
                ? scores.new_ones(new long[] {scores.size(-2), scores.size(-1)})
                        .tril()
                        .to(ScalarType.Bool)
                : mask.get();
        return seen.is_floating_point()
                ? scores.add(seen)
                : scores.masked_fill(seen.logical_not(), new Scalar(Double.NEGATIVE_INFINITY));
    }

    private static Tensor repeated(Tensor k, long heads) {
        return k.size(1) == heads ? k : k.repeat_interleave(heads / k.size(1), new LongOptional(1), new LongOptional());
    }
}
