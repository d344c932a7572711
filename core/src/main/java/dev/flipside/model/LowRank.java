package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The update of one linear module: s B A, and with DoRA the magnitudes of its rows.
 *
 * @param module whose rows of a slot it updates
 * @param number among the adapted modules, in the order of the model
 * @param scaling s
 * @param a [r, in]
 * @param b [out, r]
 * @param magnitude [out]
 */
record LowRank(LinearModule module, int number, double scaling, Factor a, Factor b, Optional<Factor> magnitude) {
    /** Row norms of W + s B A [out], which hold for one state of the weights. */
    @FunctionalInterface
    interface Norms {
        Tensor of(LowRank term, Tensor weight);
    }

    /** The module's rows of something that the whole slot has rows of. */
    Tensor rows(Tensor x, long dim) {
        return x.narrow(dim, module.row(), module.rows());
    }

    /**
     * What the update adds to the output of the module, with autograd when grad mode is on.
     *
     * @param weight W of the slot
     * @param bias of the slot
     * @param x [..., in]
     * @param part W x + b of the module's rows
     */
    Tensor delta(
            Tensor weight, TensorOptional bias, Tensor x, Tensor part, Optional<LoraDropout> dropout, Norms norms) {
        Tensor dropped = dropout.map(d -> x.mul(d.mask(number, x))).orElse(x);
        Tensor update = linear(linear(dropped, a), b).mul(new Scalar(scaling));
        if (magnitude.isEmpty()) {
            return update;
        }
        Tensor gain = magnitude.get().value().div(norms.of(this, weight));
        Tensor plain = part;
        if (dropout.isPresent()) {
            Tensor own = rows(weight, 0);
            plain = GradMode.is_enabled()
                    ? torch.linear(dropped, own, Tensors.NONE)
                    : DenseProducts.linear(dropped, own.detach(), Tensors.NONE);
        } else if (bias.has_value()) {
            plain = part.sub(rows(bias.get(), 0));
        }
        return plain.mul(gain.sub(Tensors.scalar(1))).add(update.mul(gain));
    }

    private static Tensor linear(Tensor x, Factor weight) {
        return GradMode.is_enabled()
                ? torch.linear(x, weight.value(), Tensors.NONE)
                : DenseProducts.linear(x, weight.constant(), Tensors.NONE);
    }

    /**
     * Adds the gradients of the update's weights.
     *
     * @param weight W of the slot, a constant
     * @param x [N, in]
     * @param gradOutput of the slot, [N, rows of the slot]
     * @param gradInput receives what goes through the update, [N, in]
     */
    void backward(
            Tensor weight, Tensor x, Tensor gradOutput, Tensor gradInput, Optional<LoraDropout> dropout, Norms norms) {
        Optional<Tensor> mask = dropout.map(d -> d.mask(number, x));
        Tensor dropped = mask.map(x::mul).orElse(x);
        Tensor up = b.constant();
        Tensor low = DenseProducts.linear(dropped, a.constant(), Tensors.NONE);
        Tensor gradPart = rows(gradOutput, 1);
        Tensor gradUpdate = gradPart.mul(new Scalar(scaling));
        Optional<Tensor> gradPlain = Optional.empty();
        if (magnitude.isPresent()) {
            Tensor own = rows(weight, 0);
            Tensor made = DenseProducts.linear(dropped, own, Tensors.NONE)
                    .add_(DenseProducts.linear(low, up, Tensors.NONE), new Scalar(scaling));
            Tensor gradMagnitude = made.mul_(gradPart).sum(0L).div_(norms.of(this, weight));
            magnitude.get().gradient().ifPresent(sum -> sum.add_(gradMagnitude));
            Tensor gain = gain(weight, norms);
            gradUpdate.mul_(gain);
            gradPlain = mask.map(m -> DenseProducts.gradInput(gradPart.mul(gain.sub(Tensors.scalar(1))), own));
        }
        b.gradient().ifPresent(sum -> DenseProducts.addGradWeight(gradUpdate, low, sum));
        Tensor gradLow = DenseProducts.gradInput(gradUpdate, up);
        a.gradient().ifPresent(sum -> DenseProducts.addGradWeight(gradLow, dropped, sum));
        Tensor gradDropped = DenseProducts.gradInput(gradLow, a.constant());
        gradPlain.ifPresent(gradDropped::add_);
        mask.ifPresent(gradDropped::mul_);
        gradInput.add_(gradDropped);
    }

    /** What DoRA multiplies the rows of W + s B A by, [out], without gradient. */
    Tensor gain(Tensor weight, Norms norms) {
        return magnitude.orElseThrow().constant().div(norms.of(this, weight));
    }

    /** W + s B A of the module's rows, float32 [out, in], without gradient. */
    Tensor updated(Tensor weight) {
        Tensor own = rows(weight.detach(), 0).to(ScalarType.Float);
        return own.add(torch.mm(b.constant(), a.constant()), new Scalar(scaling));
    }

    /** {@link #updated}, with DoRA scaled. */
    Tensor merged(Tensor weight, Norms norms) {
        Tensor updated = updated(weight);
        return magnitude.isEmpty() ? updated : updated.mul(gain(weight, norms).unsqueeze(1));
    }

    /** Takes s B A off the module's rows of a slot. */
    void subtractFrom(Tensor weight) {
        rows(weight, 0).sub_(torch.mm(b.constant(), a.constant()), new Scalar(scaling));
    }

    /** Row norms of {@link #updated}, outside every scope. */
    Tensor norms(Tensor weight) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return Scopes.keep(rowNorms(updated(weight)));
        }
    }

    static Tensor rowNorms(Tensor weight) {
        return norms(weight, 1);
    }

    static Tensor norms(Tensor weight, long dim) {
        return torch.linalg_vector_norm(weight, Tensors.scalar(2), new long[] {dim}, false, new ScalarTypeOptional());
    }
}
