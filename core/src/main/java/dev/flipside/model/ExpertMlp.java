package dev.flipside.model;

import dev.flipside.engine.Tensors;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig.Experts;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A router and its experts in one block: each token is the sum of what its most probable experts make of it, weighted
 * by their probabilities (Shazeer et al., arXiv 1701.06538).
 *
 * <p>Every expert sees the tokens that chose it in one product; no token is dropped.
 */
record ExpertMlp(DecoderLayer layer, Experts experts) {
    /** @param x [B, T, D] */
    Tensor forward(Tensor x, RouterListener listener) {
        Tensor tokens = x.reshape(-1, x.size(-1));
        Tensor probabilities =
                layer.linear(tokens, BlockModules.ROUTER, false).softmax(-1, new ScalarTypeOptional(ScalarType.Float));
        T_TensorTensor_T best = probabilities.topk(experts.perToken());
        Tensor weights = best.get0();
        Tensor chosen = best.get1();
        listener.routed(layer.index(), probabilities, chosen);
        if (experts.normalised()) {
            weights = weights.div(weights.sum(new long[] {-1}, true, new ScalarTypeOptional()));
        }
        return sum(tokens, weights.reshape(-1), chosen.reshape(-1)).view_as(x);
    }

    /**
     * What the chosen experts make of each token, added up. Choices are sorted by expert, so that the host waits once
     * for how many each has.
     *
     * @param tokens [N, D]
     * @param weights of the choices, token after token [N * per token]
     * @param chosen experts, int64 likewise
     */
    private Tensor sum(Tensor tokens, Tensor weights, Tensor chosen) {
        Tensor order = chosen.argsort(true, 0, false);
        Tensor rows = order.floor_divide(new Scalar((long) experts.perToken()));
        Tensor inputs = tokens.index_select(0, rows);
        List<Tensor> made = new ArrayList<>();
        long at = 0;
        long[] counts = counts(chosen);
        for (int e = 0; e < counts.length; e++) {
            if (counts[e] > 0) {
                made.add(expert(e, inputs.narrow(0, at, counts[e])));
                at += counts[e];
            }
        }
        Tensor shares = weights.index_select(0, order).unsqueeze(1);
        Tensor parts =
                torch.cat(new TensorVector(made.toArray(Tensor[]::new)), 0).mul(shares);
        return torch.zeros_like(tokens).index_add_(0, rows, parts.to(tokens.scalar_type()));
    }

    private long[] counts(Tensor chosen) {
        Tensor none = chosen.new_zeros(experts.count());
        return Tensors.toLongs(none.scatter_add_(0, chosen, torch.ones_like(chosen)));
    }

    private Tensor expert(int number, Tensor x) {
        Tensor gateUp = layer.linear(x, BlockModules.ofExpert(BlockModules.GATE_UP_OF_EXPERT, number), false);
        return layer.linear(
                layer.gated(gateUp, experts.width()),
                BlockModules.ofExpert(BlockModules.DOWN_OF_EXPERT, number),
                false);
    }
}
