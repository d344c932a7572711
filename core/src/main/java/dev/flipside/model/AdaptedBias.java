package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What an adapter makes of the bias of a slot: the bias of a module in it may be the adapter's own, and B may have one,
 * which adds s times it.
 *
 * @param parts of different modules
 */
record AdaptedBias(List<Part> parts) {
    /**
     * @param own in the base's place, [rows]
     * @param ofB [rows]
     * @param scaling s
     */
    record Part(LinearModule module, Optional<Factor> own, Optional<Factor> ofB, double scaling) {}

    /**
     * The bias, with autograd when grad mode is on.
     *
     * @param weight of the slot [O, K]
     * @param base absent where the base has none
     * @return [O]
     */
    Tensor of(Tensor weight, TensorOptional base) {
        Tensor below = base.has_value() ? base.get() : torch.zeros(new long[] {weight.size(0)}, weight.options());
        List<Tensor> rows = new ArrayList<>();
        long at = 0;
        for (Part part : parts.stream()
                .sorted(Comparator.comparingLong(p -> p.module.row()))
                .toList()) {
            long from = part.module.row();
            if (from > at) {
                rows.add(below.narrow(0, at, from - at));
            }
            Tensor own = part.own.map(Factor::value).orElseGet(() -> below.narrow(0, from, part.module.rows()));
            rows.add(part.ofB
                    .map(b -> own.add(b.value(), new Scalar(part.scaling)))
                    .orElse(own));
            at = from + part.module.rows();
        }
        if (at < below.size(0)) {
            rows.add(below.narrow(0, at, below.size(0) - at));
        }
        return torch.cat(new TensorVector(rows.toArray(Tensor[]::new)), 0);
    }

    /** Adds the gradients, from that of the layer's output [N, O]. */
    void backward(Tensor gradOutput) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor sums = gradOutput.sum(0L);
            for (Part part : parts) {
                Tensor its = sums.narrow(0, part.module.row(), part.module.rows());
                part.own.flatMap(Factor::gradient).ifPresent(sum -> sum.add_(its));
                part.ofB.flatMap(Factor::gradient).ifPresent(sum -> sum.add_(its, new Scalar(part.scaling)));
            }
        }
    }

    /** Takes s times the biases of B off a bias that they were merged into. */
    void subtractFrom(Supplier<Tensor> merged) {
        parts.forEach(part -> part.ofB.ifPresent(b -> merged.get()
                .narrow(0, part.module.row(), part.module.rows())
                .sub_(b.constant(), new Scalar(part.scaling))));
    }
}
