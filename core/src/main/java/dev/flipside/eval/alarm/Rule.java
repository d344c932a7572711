package dev.flipside.eval.alarm;

import dev.flipside.config.Spelling;
import dev.flipside.eval.alarm.Condition.Above;
import dev.flipside.eval.alarm.Condition.AtTheStart;
import dev.flipside.eval.alarm.Condition.Below;
import dev.flipside.eval.alarm.Condition.Beyond;
import dev.flipside.eval.alarm.Condition.Both;
import dev.flipside.eval.alarm.Condition.Exceeds;
import dev.flipside.eval.alarm.Condition.Rise;
import dev.flipside.eval.alarm.Condition.Shrunk;
import dev.flipside.eval.alarm.Condition.Zero;

/**
 * Everything that is watched, with its threshold; docs/diagnostics.md gives the reason of each. None needs a gold
 * reward: what a rule reads comes from the reward model, the samples and labelled pairs that nothing is trained on.
 */
public enum Rule {
    HELD_OUT_ACCURACY_LOSS(
            Level.ALARM,
            new Below("eval_rm/p_worse_than_first", 0.01),
            "the reward model orders held-out labelled pairs worse than when the run began: its own mistakes have become labels; use save.preset guarded or a lower save.learning_rate."),
    HELD_OUT_ACCURACY_TURNED(
            Level.WARN,
            new Below("eval_rm/p_worse_than_best", 0.01),
            "the reward model has been better on held-out labelled pairs earlier in this run: stop sooner, or let run.stop_rule or save.gate do it."),
    INITIAL_ACCURACY_LOW(
            Level.WARN,
            new AtTheStart(new Below("eval_rm/accuracy", 0.55)),
            "the initial reward model is near chance on held-out labelled pairs and self-training amplifies whatever sign it has: train it further before the run."),
    INITIAL_ACCURACY_HIGH(
            Level.INFO,
            new AtTheStart(new Above("eval_rm/accuracy", 0.88)),
            "the initial reward model is already right on most held-out labelled pairs, so self-training has little to gain."),
    LABELS_AGAINST_PEOPLE(
            Level.ALARM,
            new Below("eval_rm/label_accuracy", 0.5),
            "on held-out labelled pairs the side of the anchor contradicts the label more often than not: what the reward model teaches itself is wrong; stop."),
    LENGTH_CAPTURE(
            Level.ALARM,
            new Both(
                    new Exceeds("eval_rm/spearman_length", "eval_rm/label_length_corr", 0.3),
                    new Above("eval_rm/spearman_length", 0.5)),
            "the reward model ranks the policy's samples by length far more than the labels of held-out pairs justify: self-training will amplify it; use save.preset guarded or balance the lengths of the labelled pairs."),
    LENGTH_RISING(
            Level.WARN,
            new Both(new Rise("eval_rm/partial_length_corr", 0.15), new Below("eval_rm/accuracy_delta_base", 0)),
            "on held-out pairs length decides more of the reward at equal label than at the start of the run, and accuracy is lower: look at long and short samples side by side."),
    REWARD_SCALE_UP(
            Level.WARN,
            new Above("save/probe/std_ratio", 4),
            "rewards of the same texts are spread several times wider than at the start: the updates widen what is already separated; use save.label_smoothing or save.margin_cap."),
    REWARD_SCALE_DOWN(
            Level.ALARM,
            new Below("save/probe/std_ratio", 0.33),
            "rewards of the same texts hardly differ any more: the reward model is forgetting what it knew; stop and look at save/kept_frac and the labels."),
    LEVEL_DRIFT(
            Level.WARN,
            new Beyond("save/probe/level_shift", 4),
            "rewards of the same texts have shifted by several of their standard deviations: the anchor has to chase them; use save.centering."),
    ANCHOR_WORSE_THAN_MEAN(
            Level.WARN,
            new Both(new Below("save/value_explained_var", 0, 10), new Above("save/anchor_is_value", 0.5)),
            "the value head predicts the mean reward of prompts worse than one number for all would: raise save.value_learning_rate or use save.anchor leave_one_out."),
    ONE_SIDED_GROUPS(
            Level.WARN,
            new Above("save/one_sided_frac", 0.5, 5),
            "most groups lie on one side of their anchor and teach nothing: the anchor lags behind; raise save.value_learning_rate or use save.anchor leave_one_out."),
    LITTLE_KEPT(
            Level.WARN,
            new Below("save/kept_frac", 0.1, 5),
            "the filter keeps almost no completion, so the reward model hardly learns: lower save.filter_threshold."),
    MOSTLY_CUT(
            Level.WARN,
            new Above("save/cut_frac", 0.5, 5),
            "most completions are cut at the length limit and teach nothing: raise rollout.max_completion_length."),
    ALL_CUT(
            Level.ALARM,
            new Both(new Zero("grad_norm", 1), new Above("completions/clipped_ratio", 0.999)),
            "every completion of a step was cut at the length limit and none was learnt from: raise rollout.max_completion_length, or set algorithm.mask_truncated_completions and save.mask_truncated to false."),
    POLICY_UNMOVED(
            Level.ALARM,
            new Zero("grad_norm", 3),
            "the policy's gradient has been zero for three steps, so it is still what it was: see frac_reward_zero_std (equal rewards: raise rollout.temperature), completions/clipped_ratio and algorithm.mask_truncated_completions."),
    REWARD_MODEL_UNMOVED(
            Level.ALARM,
            new Zero("save/kept_frac", 3),
            "no completion has passed the filter for three steps, so the reward model is still what it was: see save/cut_frac (raise rollout.max_completion_length) and save/one_sided_frac, or lower save.filter_threshold."),
    SAMPLING_MISMATCH(
            Level.ALARM,
            new Above("sampling/sampling_logp_difference/mean", 0.1),
            "log-probabilities at sampling are not those that training computes, so the policy learns from samples that are not its own: stop, and report the model's configuration and the machine as a bug."),
    ORDER_UNSTABLE(
            Level.WARN,
            new Below("save/kendall_tau", 0.5, 5),
            "one update reorders much of a group, so labels change faster than they can be learnt: lower save.learning_rate."),
    NEAR_TIES(
            Level.WARN,
            new Above("save/near_tie_frac", 0.4, 5),
            "many rewards of a group are all but equal: the reward model splits answers into two heaps and no longer ranks within them; use save.label_smoothing or save.margin_cap."),
    REWARD_VARIANCE_VANISHED(
            Level.WARN,
            new Shrunk("group_reward_std", 0.1, 5),
            "completions of a prompt get nearly the same reward, so the policy has nothing to climb: raise rollout.temperature or change the prompts."),
    FLAT_GROUPS(
            Level.WARN,
            new Above("frac_reward_zero_std", 0.5, 5),
            "in most groups all completions get the same reward and teach the policy nothing: raise rollout.temperature or set rollout.refill_zero_variance."),
    DIVERSITY_COLLAPSE(
            Level.ALARM,
            new Shrunk("policy/unique_frac", 0.5, 5),
            "the policy repeats the same completions within a group: raise algorithm.beta or rollout.temperature, or stop sooner."),
    CALIBRATION_WORSE(
            Level.WARN,
            new Rise("eval_rm/ece", 0.1),
            "the reward model's confidence on held-out pairs has moved away from how often it is right: treat its margins with care, use save.label_smoothing."),
    VALUE_BIAS(
            Level.WARN,
            new Beyond("eval_value/bias", 0.5),
            "the value head is off the policy's true mean reward by more than half a group's standard deviation: raise save.value_learning_rate."),
    OVER_OPTIMISATION(
            Level.ALARM,
            new Both(new Above("policy/sqrt_kl", 3), new Below("eval_rm/p_worse_than_best", 0.05)),
            "the policy is far from the reference while the reward model gets worse on held-out pairs: its rising reward is not to be believed; raise algorithm.beta or stop.");

    private final Level level;
    private final Condition condition;
    private final String meaning;

    Rule(Level level, Condition condition, String meaning) {
        this.level = level;
        this.condition = condition;
        this.meaning = meaning;
    }

    /** As in {@link Alarm#name}. */
    public String key() {
        return Spelling.of(this);
    }

    public Level level() {
        return level;
    }

    /** The metric that it watches. */
    public String metric() {
        return condition.metric();
    }

    /**
     * Whether {@code run.stop_rule} ends a run on it: what says, on labelled pairs that nothing is trained on, that the
     * reward model has turned during the run.
     */
    public boolean stops() {
        return this == HELD_OUT_ACCURACY_LOSS || this == HELD_OUT_ACCURACY_TURNED || this == LENGTH_RISING;
    }

    Condition condition() {
        return condition;
    }

    /** What it means when the rule fires and what to do. */
    public String meaning() {
        return meaning;
    }
}
