package dev.flipside.rollout;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The filters that take tokens out of the running by setting their score to minus infinity, each with the rule of
 * transformers' warper of that name. Scores are float32 [rows, vocabulary]; results are new tensors in the caller's
 * scope.
 */
final class LogitsFilters {
    private static final double OUT = Double.NEGATIVE_INFINITY;

    private LogitsFilters() {}

    /** Forbids the tokens {@code ids} (int64 [n]). */
    static Tensor suppress(Tensor scores, Tensor ids) {
        return scores.index_fill(1, ids, new Scalar(OUT));
    }

    /** Keeps the k highest scores of a row, and every score equal to the last of them. */
    static Tensor topK(Tensor scores, int k) {
        long kept = Math.min(k, scores.size(1));
        Tensor lowestKept = scores.topk(kept, 1, true, true).get0().narrow(1, kept - 1, 1);
        return scores.masked_fill(scores.lt(lowestKept), new Scalar(OUT));
    }

    /**
     * Keeps the fewest most probable tokens whose mass reaches {@code p} (nucleus sampling, Holtzman et al., arXiv
     * 1904.09751); at least one.
     */
    static Tensor topP(Tensor scores, double p) {
        T_TensorTensor_T ascending = scores.sort(1, false);
        Tensor massUpTo = torch.softmax(ascending.get0(), 1).cumsum(1);
        Tensor out = massUpTo.le(new Scalar(1 - p));
        out.narrow(1, scores.size(1) - 1, 1).fill_(new Scalar(0.0));
        return scores.masked_fill(out.scatter(1, ascending.get1(), out), new Scalar(OUT));
    }

    /**
     * Keeps tokens with at least {@code p} times the probability of the most probable one (Nguyen et al., arXiv
     * 2407.01082).
     */
    static Tensor minP(Tensor scores, double p) {
        Tensor probabilities = torch.softmax(scores, 1);
        Tensor threshold = probabilities.amax(new long[] {1}, true).mul(new Scalar(p));
        return scores.masked_fill(probabilities.lt(threshold), new Scalar(OUT));
    }
}
