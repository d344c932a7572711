package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The two linear heads of a reward model, forward and backward by hand.
 *
 * <p>reward = w . h(last token), value = u . h(last prompt token) + b.
 */
record RewardHeads(Parameters trunk, Parameters valueHead) {
    static final String VALUE_WEIGHT = "weight";
    static final String VALUE_BIAS = "bias";

    /** Rewards and values of a batch from its hidden states [B, T, D]. */
    void forward(Tensor hidden, RewardBatch batch, Scores into) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            int count = batch.rows().length;
            Tensor rewards = at(hidden, batch.rewardPositions()).mv(rewardWeight());
            Tensor values = at(hidden, batch.valuePositions())
                    .mv(valueWeight())
                    .add(valueHead.get(VALUE_BIAS).detach());
            float[] both = Tensors.toFloats(Tensors.cat(0, rewards, values));
            for (int b = 0; b < count; b++) {
                into.rewards()[batch.rows()[b]] = both[b];
                into.values()[batch.rows()[b]] = batch.hasPrompt()[b] ? both[count + b] : Double.NaN;
            }
        }
    }

    /**
     * Adds the heads' gradients and returns the one for the hidden states.
     *
     * @param backboneWeight multiplies what the values send into the hidden states; the value head gets all of its
     *     gradient
     * @return float32 [B, T, D], belongs to the caller's scope
     */
    Tensor backward(
            Tensor hidden, RewardBatch batch, double[] gradRewards, double[] gradValues, double backboneWeight) {
        return Scopes.scoped(() -> {
            Tensor gradHidden = torch.zeros_like(hidden);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor flat = gradHidden.view(-1, hidden.size(-1));
                Tensor rewards = pick(gradRewards, batch);
                trunk.get(WeightLayout.REWARD_HEAD)
                        .grad()
                        .view(-1)
                        .add_(at(hidden, batch.rewardPositions()).t().mv(rewards));
                flat.index_add_(0, index(batch.rewardPositions()), torch.outer(rewards, rewardWeight()));
                Tensor values = pick(gradValues, batch);
                valueHead
                        .get(VALUE_WEIGHT)
                        .grad()
                        .view(-1)
                        .add_(at(hidden, batch.valuePositions()).t().mv(values));
                valueHead.get(VALUE_BIAS).grad().add_(values.sum());
                Tensor toBackbone = torch.outer(values, valueWeight()).mul_(new Scalar(backboneWeight));
                flat.index_add_(0, index(batch.valuePositions()), toBackbone);
            }
            return gradHidden;
        });
    }

    /** The hidden states [B, D] at one position of [B * T] per row. */
    Tensor at(Tensor hidden, long[] positions) {
        return hidden.detach().view(-1, hidden.size(-1)).index_select(0, index(positions));
    }

    private Tensor index(long[] positions) {
        return Tensors.ofLongs(positions, device(), positions.length);
    }

    private Tensor pick(double[] values, RewardBatch batch) {
        double[] picked = new double[batch.rows().length];
        for (int b = 0; b < picked.length; b++) {
            picked[b] = values[batch.rows()[b]];
        }
        return Tensors.ofDoubles(picked, device(), picked.length);
    }

    private Device device() {
        return trunk.device();
    }

    private Tensor rewardWeight() {
        return trunk.get(WeightLayout.REWARD_HEAD).detach().view(-1);
    }

    private Tensor valueWeight() {
        return valueHead.get(VALUE_WEIGHT).detach().view(-1);
    }
}
