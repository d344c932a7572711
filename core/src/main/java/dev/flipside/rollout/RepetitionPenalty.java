package dev.flipside.rollout;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The tokens that each row of a batch has seen, and the penalty on them: a positive logit is divided by it and a
 * negative one multiplied (Keskar et al., arXiv 1909.05858, with transformers' rule for negative logits). Holds a mask
 * [rows, vocabulary] of bool until {@link #close}.
 */
final class RepetitionPenalty implements AutoCloseable {
    private final double penalty;
    private final Device device;
    private Tensor seen;

    /**
     * Starts with the tokens of the prompts.
     *
     * @param rows the ids that each row has already
     */
    RepetitionPenalty(double penalty, List<int[]> rows, int vocabulary, Device device) {
        this.penalty = penalty;
        this.device = device;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            seen = Scopes.keep(torch.zeros(new long[] {rows.size(), vocabulary}, device.options(ScalarType.Bool)));
            for (int r = 0; r < rows.size(); r++) {
                long[] ids = longs(rows.get(r));
                seen.select(0, r).index_fill_(0, Tensors.ofLongs(ids, device, ids.length), new Scalar(1.0));
            }
        }
    }

    /** The logits [rows, vocabulary] with the penalty on what each row has seen; a new tensor in the caller's scope. */
    Tensor apply(Tensor logits) {
        Scalar factor = new Scalar(penalty);
        Tensor penalised = torch.where(logits.lt(new Scalar(0.0)), logits.mul(factor), logits.div(factor));
        return torch.where(seen, penalised, logits);
    }

    /** Notes one more token of each row. */
    void add(int[] tokens) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            add(Tensors.ofLongs(longs(tokens), device, tokens.length, 1));
        }
    }

    /** @param tokens int64 [rows, 1] on the device */
    void add(Tensor tokens) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            seen.scatter_(1, tokens, new Scalar(1.0));
        }
    }

    /** Keeps these rows only, in this order. */
    void keepRows(int[] rows) {
        Tensor all = seen;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            seen = Scopes.keep(all.index_select(0, Tensors.ofLongs(longs(rows), device, rows.length)));
        }
        Scopes.release(all);
    }

    @Override
    public void close() {
        Scopes.release(seen);
    }

    private static long[] longs(int[] ids) {
        long[] longs = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            longs[i] = ids[i];
        }
        return longs;
    }
}
