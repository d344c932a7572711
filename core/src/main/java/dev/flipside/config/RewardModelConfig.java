package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Section {@code reward_model}: what grades a completion. Its optimiser is in section {@code save}. */
public record RewardModelConfig(
        @Doc(
                        "Hugging Face sequence-classification directory with `score.weight` or a PEFT adapter with one, or `org/name[@revision]` on the Hub. None when reward functions replace it; `save.preset` must be `off` then.")
                Optional<String> model,
        @JsonUnwrapped ChatTemplateConfig template,
        @Doc(
                        "Let the SAVE update train an adapter on the frozen reward model: a map of PEFT's [keys](#lora). Reward models that are adapters go on with their own. An adapter on the policy's base shares its frozen weights.")
                Optional<LoraConfig> lora,
        @Doc("Weight of the reward model's score in the reward.") double weight,
        @Doc(
                        "Rendered conversations longer than this many tokens are cut on the right and counted; none is the model's context.")
                OptionalInt maxLength,
        @Doc("Conversations in one pass of the reward model; changes memory, never the result.") int perDeviceBatchSize,
        @Doc("Recompute layers in the reward model's backward pass instead of keeping them.")
                boolean gradientCheckpointing,
        @Doc("Memory in MiB that a pass of the reward model may keep for its backward pass, as in section `policy`.")
                int activationMemoryMb,
        @Doc(
                        "Programmatic rewards added to the score: a list of [functions](rewards.md), each as `{name, weight, label}` and its own options. The label, by default the name, names its metrics.")
                List<Map<String, Object>> functions) {

    public static RewardModelConfig defaults() {
        return new RewardModelConfig(
                Optional.empty(),
                ChatTemplateConfig.defaults(),
                Optional.empty(),
                1.0,
                OptionalInt.empty(),
                16,
                false,
                PolicyConfig.ACTIVATION_MEMORY_MB,
                List.of());
    }

    /** The same with another model. */
    public RewardModelConfig withModel(Optional<String> other) {
        return new RewardModelConfig(
                other,
                template,
                lora,
                weight,
                maxLength,
                perDeviceBatchSize,
                gradientCheckpointing,
                activationMemoryMb,
                functions);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        lora.ifPresent(l -> l.validate(section + ".lora"));
        in.atLeast("per_device_batch_size", perDeviceBatchSize, 1);
        in.atLeast("activation_memory_mb", activationMemoryMb, 1);
    }
}
