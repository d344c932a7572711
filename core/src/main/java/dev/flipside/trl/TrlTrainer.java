package dev.flipside.trl;

import dev.flipside.config.UserError;
import java.util.Set;

/** The trainer that a configuration is for. */
public enum TrlTrainer {
    /** {@code GRPOConfig}. */
    GRPO,
    /** {@code GRPOConfig} with ratios of sequences. */
    GSPO,
    /** {@code RLOOConfig}. */
    RLOO,
    /** {@code RewardConfig}. */
    REWARD;

    /** Keys that only one class has. */
    private static final Set<String> OF_RLOO = Set.of("normalize_advantages", "reward_clip_range");

    private static final Set<String> OF_GRPO = Set.of(
            "loss_type",
            "scale_rewards",
            "importance_sampling_level",
            "delta",
            "use_bias_correction_kl",
            "multi_objective_aggregation",
            "top_entropy_quantile");
    private static final Set<String> OF_REWARD =
            Set.of("center_rewards_coefficient", "max_length", "chat_template_path", "activation_offloading");

    /**
     * Tells by the keys that only one of the classes has.
     *
     * @throws UserError when there is none, or keys of several
     */
    static TrlTrainer of(TrlFile file) {
        boolean rloo = OF_RLOO.stream().anyMatch(file::has);
        boolean grpo = OF_GRPO.stream().anyMatch(file::has);
        boolean reward = OF_REWARD.stream().anyMatch(file::has);
        if ((rloo ? 1 : 0) + (grpo ? 1 : 0) + (reward ? 1 : 0) != 1) {
            throw new UserError(
                    file.path()
                            + ": its keys do not say whether it is a GRPOConfig, an RLOOConfig or a RewardConfig; give --trainer grpo, rloo or reward.");
        }
        if (reward) {
            return REWARD;
        }
        if (rloo) {
            return RLOO;
        }
        return "sequence".equals(file.text("importance_sampling_level").orElse("")) ? GSPO : GRPO;
    }
}
