package dev.flipside.train;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.PolicyConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RunConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Backbone;
import dev.flipside.model.CausalLm;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import java.nio.file.Path;
import java.util.Optional;

/** The models that a configuration names, as a run begins with them: with a new adapter where it asks for one. */
public final class ConfiguredModels {
    private ConfiguredModels() {}

    /** The precision that a configuration and a device come to. */
    public static Precision precision(RunConfig.Precision chosen, Device device) {
        return switch (chosen) {
            case FLOAT32 -> Precision.FLOAT32;
            case BFLOAT16 -> Precision.BFLOAT16.on(device);
            case AUTO -> device.isCpu() ? Precision.FLOAT32 : Precision.BFLOAT16;
        };
    }

    /**
     * @param seeds of a new adapter
     * @throws UserError when the directory, or the adapter asked for, does not fit
     */
    public static CausalLm policy(PolicyConfig config, Seeds seeds, Device device, Precision precision) {
        Path directory = Path.of(config.model());
        if (config.lora().isEmpty()) {
            return CausalLm.load(directory, device, precision);
        }
        requireNoAdapter("policy.lora", directory);
        return UserError.under(
                "policy.lora", () -> CausalLm.adapted(directory, config.lora().get(), seeds, device, precision));
    }

    /**
     * Of {@code flipside train}.
     *
     * @param seeds of a new adapter
     * @param shared frozen weights that an adapter on the same base takes instead of reading its own; to be closed
     *     after the model
     * @throws UserError when no model is named, or the directory, or the adapter asked for, does not fit
     */
    public static RewardModel rewardModel(
            RewardModelConfig config, Seeds seeds, Device device, Precision precision, Optional<Backbone> shared) {
        Path directory = Path.of(config.model().orElseThrow());
        if (config.lora().isEmpty()) {
            return RewardModel.load(directory, device, precision, shared);
        }
        requireNoAdapter("reward_model.lora", directory);
        if (!RewardModel.hasRewardHead(directory)) {
            throw new UserError("reward_model.model: " + directory
                    + " has no score.weight, so it is not a reward model; train one from it with `flipside train-rm`.");
        }
        return adapted(directory, config.lora().get(), seeds, device, precision);
    }

    /**
     * Of {@code flipside train-rm}: a directory without a reward head gets a new one.
     *
     * @throws UserError when the directory, or the adapter asked for, does not fit
     */
    public static RewardModel rewardModel(
            RewardTrainingConfig.Model config, Seeds seeds, Device device, Precision precision) {
        Path directory = Path.of(config.model());
        boolean ownHead = RewardModel.hasRewardHead(directory);
        if (config.lora().isPresent()) {
            requireNoAdapter("reward_model.lora", directory);
            return adapted(directory, config.lora().get(), seeds, device, precision);
        }
        if (!ownHead && ModelFiles.isAdapter(directory)) {
            throw new UserError("reward_model.model: " + directory
                    + " is an adapter of a language model; merge it first with `flipside merge`, and name the result.");
        }
        return ownHead
                ? RewardModel.load(directory, device, precision)
                : RewardModel.fromBackbone(directory, device, precision, seeds);
    }

    private static RewardModel adapted(
            Path directory, LoraConfig lora, Seeds seeds, Device device, Precision precision) {
        return UserError.under(
                "reward_model.lora", () -> RewardModel.adapted(directory, lora, seeds, device, precision));
    }

    private static void requireNoAdapter(String key, Path directory) {
        if (ModelFiles.isAdapter(directory)) {
            throw new UserError(
                    key + ": " + directory
                            + " is an adapter already and goes on with its own options; remove the key, or merge the adapter first with `flipside merge`.");
        }
    }
}
