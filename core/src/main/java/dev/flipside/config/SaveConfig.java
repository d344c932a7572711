package dev.flipside.config;

import java.util.OptionalDouble;

/** Section {@code save}: the self-improvement of the reward model (docs/method.md, decisions D1 to D19). Not about saving files. */
public record SaveConfig(
        @Doc(
                        "faithful (no extras, fresh candidates), guarded (replay, centring, smoothing, gate) or off (frozen reward model). Sets other options of this section; keys given beside it win.")
                Preset preset,
        @Doc(
                        "D1. What a reward is compared with: value (v of the prompt), leave_one_out (mean of the others), mixture (anchor_mix), frozen (v of the initial reward model) or shuffled (v of another prompt; a control).")
                Anchor anchor,
        @Doc("D1. Share of v in anchor mixture; the rest is the group's mean.") double anchorMix,
        @Doc(
                        "D1. Keep anchor value even when the warmed-up head is worse than the global mean; without it the anchor falls back to leave_one_out.")
                boolean forceAnchor,
        @Doc(
                        "D1. A control: the anchor of each prompt is moved by a standard normal number times this times the standard deviation of its group's rewards.")
                double anchorNoise,
        @Doc("D2. Which completions are clear enough to teach: std, absolute, fraction or none.") Filter filter,
        @Doc(
                        "D2. std: multiples of the group's standard deviation; absolute: the least |advantage|; fraction: the share at each end.")
                double filterThreshold,
        @Doc(
                        "D2. The least standard deviation of filter std, as a multiple of the initial reward model's mean group std on calibration_prompts.")
                double filterFloor,
        @Doc("D2. Prompts on which the floor is measured.") int calibrationPrompts,
        @Doc(
                        "D3. anchored (positives above and negatives below the anchor) or pairwise (Bradley-Terry over every positive and negative of a prompt; a control).")
                RmLoss rmLoss,
        @Doc("Weight of the contrastive loss; 0 with replay_weight above 0 is the replay-only control.")
                double contrastWeight,
        @Doc("D4. per_sign (mean over positives plus mean over negatives, both needed) or all_kept.") Balance balance,
        @Doc("D5. stop (the anchor is the snapshot's) or flow (the loss also moves v).") AnchorGradient anchorGradient,
        @Doc(
                        "D6. What v is fitted to: group_mean or leave_one_out of the snapshot's rewards, or improved (the updated model's group mean, fitted after the update).")
                ValueTarget valueTarget,
        @Doc("D7. How much of the value gradient reaches the backbone.") double valueBackboneWeight,
        @Doc(
                        "D8. Value head before the warm-up: zeros, reward_head (a copy of it) or saved (value_head.safetensors of the model).")
                ValueHeadInit valueHeadInit,
        @Doc(
                        "D9. How v is fitted to the initial reward model before the loop: ridge (closed form, penalty chosen on held-out prompts), sgd, or off.")
                ValueWarmup valueWarmup,
        @Doc("D9. Prompts of the warm-up, each with num_generations samples; half as many more are held out for R^2.")
                int valueWarmupPrompts,
        @Doc(
                        "D10. step (labels from the snapshot, one pass) or mini_batch (relabelled by the current model before each mini-batch).")
                Relabel relabel,
        @Doc("D10. Optimiser steps of one reward-model update.") int rmMiniBatches,
        @Doc("D11. fresh (the policy is updated on new samples) or rescore (on the same samples, scored again).")
                Candidates candidates,
        @Doc("D12. Steps between reward-model updates.") int updateEvery,
        @Doc(
                        "D12. off, or mcnemar: an update that makes the model worse on eval_preferences than it was at first, or than its best, is rolled back.")
                Gate gate,
        @Doc("D12. Significance of each of the gate's two one-sided tests.") double gateAlpha,
        @Doc("D12. Rollbacks in a row after which the reward model is frozen.") int gatePatience,
        @Doc("D13. Weight of the Bradley-Terry loss on labelled pairs (data.preferences) in each mini-batch.")
                double replayWeight,
        @Doc("D13. Labelled pairs per mini-batch.") int replayBatch,
        @Doc("D14. Weight of the squared group mean, against level drift.") double centering,
        @Doc("D14. Label smoothing of the contrast and the replay.") double labelSmoothing,
        @Doc("D14. Contrast terms stop pushing beyond this margin; none is off.") OptionalDouble marginCap,
        @Doc("D15. Learning rate of the reward model's backbone and reward head.") double learningRate,
        @Doc("D15. Learning rate of the value head.") double valueLearningRate,
        @Doc("The reward model's gradients are scaled down to this 2-norm; 0 switches clipping off.")
                double maxGradNorm,
        @Doc("D17. advantage, random_signs (a control) or gold (signs from eval.gold; an upper bound).") Labels labels,
        @Doc(
                        "D18. Whose completions teach the reward model: policy (as it is now) or initial (the policy as the round began; a control). The policy is always updated on its own.")
                Samples samples,
        @Doc(
                        "D19. Whose scores the policy is updated on: improved (the model that learns) or initial_rescaled (the initial model's, stretched to the scale of the improved one's: temperature scaling, a control).")
                ScoredBy scoredBy,
        @Doc("Cut completions teach nothing: they are left out of positives, negatives and the value target.")
                boolean maskTruncated) {

    /** {@code save.preset}. */
    public enum Preset {
        FAITHFUL,
        GUARDED,
        OFF
    }

    /** {@code save.anchor}. */
    public enum Anchor {
        VALUE,
        LEAVE_ONE_OUT,
        MIXTURE,
        FROZEN,
        SHUFFLED
    }

    /** {@code save.filter}. */
    public enum Filter {
        STD,
        ABSOLUTE,
        FRACTION,
        NONE
    }

    /** {@code save.rm_loss}. */
    public enum RmLoss {
        ANCHORED,
        PAIRWISE
    }

    /** {@code save.balance}. */
    public enum Balance {
        PER_SIGN,
        ALL_KEPT
    }

    /** {@code save.anchor_gradient}. */
    public enum AnchorGradient {
        STOP,
        FLOW
    }

    /** {@code save.value_target}. */
    public enum ValueTarget {
        GROUP_MEAN,
        LEAVE_ONE_OUT,
        IMPROVED
    }

    /** {@code save.value_head_init}. */
    public enum ValueHeadInit {
        ZEROS,
        REWARD_HEAD,
        SAVED
    }

    /** {@code save.value_warmup}. */
    public enum ValueWarmup {
        RIDGE,
        SGD,
        OFF
    }

    /** {@code save.relabel}. */
    public enum Relabel {
        STEP,
        MINI_BATCH
    }

    /** {@code save.candidates}. */
    public enum Candidates {
        FRESH,
        RESCORE
    }

    /** {@code save.gate}. */
    public enum Gate {
        OFF,
        MCNEMAR
    }

    /** {@code save.labels}. */
    public enum Labels {
        ADVANTAGE,
        RANDOM_SIGNS,
        GOLD
    }

    /** {@code save.samples}. */
    public enum Samples {
        POLICY,
        INITIAL
    }

    /** {@code save.scored_by}. */
    public enum ScoredBy {
        IMPROVED,
        INITIAL_RESCALED
    }

    /** Preset {@code faithful} and everything that presets leave alone. */
    public static SaveConfig defaults() {
        return new SaveConfig(
                Preset.FAITHFUL,
                Anchor.VALUE,
                0.7,
                false,
                0,
                Filter.STD,
                0.5,
                0.3,
                32,
                RmLoss.ANCHORED,
                1.0,
                Balance.PER_SIGN,
                AnchorGradient.STOP,
                ValueTarget.GROUP_MEAN,
                0.0,
                ValueHeadInit.ZEROS,
                ValueWarmup.RIDGE,
                64,
                Relabel.STEP,
                2,
                Candidates.FRESH,
                1,
                Gate.OFF,
                0.05,
                3,
                0.0,
                16,
                0.0,
                0.0,
                OptionalDouble.empty(),
                1e-6,
                1e-3,
                1.0,
                Labels.ADVANTAGE,
                Samples.POLICY,
                ScoredBy.IMPROVED,
                true);
    }
}
