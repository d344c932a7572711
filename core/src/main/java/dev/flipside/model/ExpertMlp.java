package dev.flipside.model;

import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig.Experts;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
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
        Tensor sum = torch.zeros_like(tokens);
        for (int e = 0; e < experts.count(); e++) {
            // Rows of [tokens * per token] that chose this expert.
            Tensor places = chosen.eq(new Scalar((long) e)).view(-1).nonzero().view(-1);
            if (places.numel() > 0) {
                Tensor rows = places.floor_divide(new Scalar((long) experts.perToken()));
                Tensor share = weights.reshape(-1).index_select(0, places).unsqueeze(1);
                Tensor made = expert(e, tokens.index_select(0, rows)).mul(share);
                sum.index_add_(0, rows, made.to(sum.scalar_type()));
            }
        }
        return sum.view_as(x);
    }

    private Tensor expert(int number, Tensor x) {
        Tensor gateUp = layer.linear(x, BlockModules.ofExpert(BlockModules.GATE_UP_OF_EXPERT, number), false);
        return layer.linear(
                layer.gated(gateUp, experts.width()),
                BlockModules.ofExpert(BlockModules.DOWN_OF_EXPERT, number),
                false);
    }
}
