package dev.flipside.train;

import static dev.flipside.algo.Groups.pick;

import dev.flipside.algo.AnchoredContrast;
import dev.flipside.algo.Anchors;
import dev.flipside.algo.Centering;
import dev.flipside.algo.Groups;
import dev.flipside.algo.ValueLoss;
import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.ContrastConfig;
import dev.flipside.config.ContrastConfig.AnchorGradient;
import dev.flipside.config.RegularisationConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardPass;
import java.util.OptionalLong;

/**
 * Forward and backward pass of the contrast around the anchor, the centring and the value loss over some prompts'
 * groups (docs/method.md, Definition).
 */
final class ContrastPass {
    private final RewardModel model;
    private final RewardModelConfig config;
    private final ContrastConfig contrast;
    private final RegularisationConfig regularisation;
    private final double valueBackboneWeight;
    private final double anchorMix;
    private final Anchor anchor;
    private final boolean flow;
    /** Whether the value head learns here, and not after the update. */
    private final boolean fitted;

    ContrastPass(RewardModel model, RewardModelConfig config, SaveConfig save, Anchor anchor) {
        this.model = model;
        this.config = config;
        this.contrast = save.contrast();
        this.regularisation = save.regularisation();
        this.valueBackboneWeight = save.valueHead().valueBackboneWeight();
        this.anchorMix = save.anchoring().anchorMix();
        this.anchor = anchor;
        this.flow = contrast.anchorGradient() == AnchorGradient.FLOW;
        this.fitted = save.valueHead().valueTarget() != ValueHeadConfig.ValueTarget.IMPROVED;
    }

    /**
     * The prompts of one optimiser step, with what the losses of its passes are divided by.
     *
     * @param needed the completions that the loss depends on, {@code [prompt][sample]} of the whole batch
     * @param prompts how many
     * @param weight of the contrast
     */
    record MiniBatch(
            TeachingBatch batch,
            RewardModelTarget target,
            boolean[][] needed,
            int prompts,
            double weight,
            double contrastNormaliser,
            double valueNormaliser) {
        ContrastRows rows(int... prompts) {
            return ContrastRows.of(batch, prompts, needed);
        }
    }

    MiniBatch miniBatch(TeachingBatch batch, RewardModelTarget target, int[] prompts, double weight) {
        return new MiniBatch(
                batch,
                target,
                needed(target),
                prompts.length,
                weight,
                AnchoredContrast.normaliser(form(), pick(target.feedback().label(), prompts)),
                ValueLoss.normaliser(pick(target.values(), prompts)));
    }

    private boolean[][] needed(RewardModelTarget target) {
        // Centring holds the level of all rewards.
        return regularisation.centering() > 0
                ? Groups.allUsable(target.anchors())
                : AnchoredContrast.contributing(form(), target.feedback().label());
    }

    /**
     * Adds the gradient of some prompts' groups to the model's, by a pass over the completions that it depends on.
     *
     * @param whole the optimiser step that they are a part of
     * @param dropoutKey names that step, as in {@link RewardModel#pass}
     * @return their share of the loss
     */
    double run(MiniBatch whole, int[] prompts, OptionalLong dropoutKey, RewardModelUpdate.Sums sums) {
        TeachingBatch batch = whole.batch;
        RewardModelTarget target = whole.target;
        ContrastRows rows = whole.rows(prompts);
        try (RewardPass pass = model.pass(rows.rows(), config.gradientCheckpointing(), dropoutKey)) {
            double[][] rewards =
                    rows.rewards(pass.rewards(), pick(batch.grades().rewards(), prompts));
            double[] values = rows.values(pass.values());
            double[][] anchors = flow ? currentAnchors(batch, prompts, values) : pick(target.anchors(), prompts);
            AnchoredContrast.Evaluation contrasted = AnchoredContrast.evaluate(
                    rewards,
                    anchors,
                    pick(target.feedback().label(), prompts),
                    whole.contrastNormaliser,
                    new AnchoredContrast.Options(form(), regularisation.labelSmoothing(), regularisation.marginCap()));
            Centering.Evaluation centering = Centering.evaluate(rewards, regularisation.centering(), whole.prompts);
            ValueLoss.Evaluation value =
                    ValueLoss.evaluate(values, pick(target.values(), prompts), whole.valueNormaliser);
            double[] gradRewards = new double[rows.rows().size()];
            double[] gradValues = new double[rows.rows().size()];
            double weight = whole.weight;
            double anchorShare = !flow ? 0 : anchor == Anchor.MIXTURE ? anchorMix : 1;
            for (int p = 0; p < prompts.length; p++) {
                for (int i = 0; i < batch.groupSize(); i++) {
                    if (rows.places()[p][i] >= 0) {
                        gradRewards[rows.places()[p][i]] = weight * contrasted.gradRewards()[p][i]
                                + centering.gradRewards()[p][i];
                    }
                }
                gradValues[rows.values()[p]] = (fitted ? value.gradValues()[p] : 0)
                        + weight * anchorShare * contrasted.gradAnchor()[p];
            }
            pass.backward(gradRewards, gradValues, valueBackboneWeight);
            sums.pass(contrasted, value);
            return weight * contrasted.loss() + centering.loss() + (fitted ? value.loss() : 0);
        }
    }

    /** The anchors of the model as it is, through which the gradient flows ({@code save.anchor_gradient: flow}). */
    private double[][] currentAnchors(TeachingBatch batch, int[] prompts, double[] values) {
        double[][] rewards = pick(batch.grades().rewards(), prompts);
        return anchor == Anchor.MIXTURE
                ? Anchors.mixture(values, rewards, pick(batch.usable(), prompts), anchorMix)
                : Anchors.value(values, rewards);
    }

    private AnchoredContrast.Form form() {
        if (contrast.rmLoss() == ContrastConfig.RmLoss.PAIRWISE) {
            return AnchoredContrast.Form.PAIRWISE;
        }
        return contrast.balance() == ContrastConfig.Balance.PER_SIGN
                ? AnchoredContrast.Form.ANCHORED
                : AnchoredContrast.Form.ANCHORED_ALL_KEPT;
    }
}
