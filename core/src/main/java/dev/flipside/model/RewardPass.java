package dev.flipside.model;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Rewards and values with what their gradient needs, until {@link #close}: one causal pass gives both, because a
 * prompt's states do not depend on what follows.
 */
public final class RewardPass implements AutoCloseable {
    private final RewardHeads heads;
    private final List<RewardBatch> batches;
    private final PromptValues rows;
    private final List<HiddenPass> passes = new ArrayList<>();
    private final Scores scores;
    private boolean done;

    RewardPass(
            Decoder decoder,
            RewardHeads heads,
            List<RewardBatch> batches,
            PromptValues rows,
            boolean checkpointing,
            OptionalLong dropoutKey) {
        this.heads = heads;
        this.batches = batches;
        this.rows = rows;
        heads.valueHead().train();
        Scores all = Scores.none(rows.rows().size());
        for (RewardBatch batch : batches) {
            try (PointerScope scope = new PointerScope()) {
                passes.add(decoder.pass(batch.layout(), checkpointing, dropoutKey));
            }
            heads.forward(passes.get(passes.size() - 1).hidden(), batch, all);
        }
        scores = rows.select(all);
    }

    /** One per row. */
    public double[] rewards() {
        return scores.rewards();
    }

    /** One per row; NaN where a row does not say where its prompt ends. */
    public double[] values() {
        return scores.values();
    }

    /**
     * Adds the gradient of a loss into the flat gradients of the trunk and of the value head. May be called once.
     *
     * @param gradRewards the loss's derivative with respect to each reward
     * @param gradValues the same for each value; 0 for rows without one
     * @param valueBackboneWeight scales what the values teach the backbone: 0 leaves it to the rewards, 1 is the whole
     *     gradient. The value head's own gradient is not scaled.
     */
    public void backward(double[] gradRewards, double[] gradValues, double valueBackboneWeight) {
        if (done) {
            throw new IllegalStateException("a pass has one backward pass");
        }
        done = true;
        double[] allRewards = rows.rewardGradients(gradRewards);
        double[] allValues = rows.valueGradients(gradValues);
        for (int i = 0; i < batches.size(); i++) {
            try (PointerScope scope = new PointerScope()) {
                HiddenPass pass = passes.get(i);
                // As in transformers, classifiers have no load-balancing loss.
                Tensor gradHidden =
                        heads.backward(pass.hidden(), batches.get(i), allRewards, allValues, valueBackboneWeight);
                if (reachesBlocks(batches.get(i), allRewards, allValues, valueBackboneWeight)) {
                    pass.backward(gradHidden, 0);
                }
            }
        }
    }

    /** A batch whose rewards have no part in the loss teaches the heads alone. */
    private static boolean reachesBlocks(
            RewardBatch batch, double[] gradRewards, double[] gradValues, double valueBackboneWeight) {
        return IntStream.of(batch.rows())
                .anyMatch(r -> gradRewards[r] != 0 || valueBackboneWeight * gradValues[r] != 0);
    }

    @Override
    public void close() {
        passes.forEach(HiddenPass::close);
    }
}
