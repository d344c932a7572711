package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Optional;

/** Section {@code policy}: the model that is trained and its optimiser. */
public record PolicyConfig(
        @Doc("Hugging Face directory of the policy or of a PEFT adapter, or `org/name[@revision]` on the Hub.")
                String model,
        @JsonUnwrapped ChatTemplateConfig template,
        @Doc(
                        "Train an adapter on the frozen model, which is then also the reference: a map of PEFT's [keys](#lora), `{}` for all defaults. Not for a directory that is an adapter already, which goes on with its own.")
                Optional<LoraConfig> lora,
        @Heading(value = "Optimiser", purpose = "AdamW and its schedule.") @JsonUnwrapped OptimiserConfig optimiser,
        @Heading(value = "Memory", purpose = "What trades memory for time, and never changes the result.")
                @Doc("Completions in one forward and backward pass; changes memory, never the result.")
                int perDeviceTrainBatchSize,
        @Doc("Recompute layers in the backward pass instead of keeping them: less memory, about a third more time.")
                boolean gradientCheckpointing,
        @Doc(
                        "Memory in MiB that a pass may keep for its backward pass. Batches are cut into as many passes as that takes. Changes memory and time, never the result.")
                int activationMemoryMb) {
    /** Small beside the four copies of a model that training holds, large enough for products at full speed. */
    static final int ACTIVATION_MEMORY_MB = 768;

    public static PolicyConfig defaults() {
        return new PolicyConfig(
                "",
                ChatTemplateConfig.defaults(),
                Optional.empty(),
                OptimiserConfig.withLearningRate(1e-6),
                8,
                false,
                ACTIVATION_MEMORY_MB);
    }

    /** The same with another model. */
    public PolicyConfig withModel(String other) {
        return new PolicyConfig(
                other, template, lora, optimiser, perDeviceTrainBatchSize, gradientCheckpointing, activationMemoryMb);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.present("model", model, "a Hugging Face directory");
        lora.ifPresent(l -> l.validate(section + ".lora"));
        optimiser.validate(section);
        in.atLeast("per_device_train_batch_size", perDeviceTrainBatchSize, 1);
        in.atLeast("activation_memory_mb", activationMemoryMb, 1);
    }
}
