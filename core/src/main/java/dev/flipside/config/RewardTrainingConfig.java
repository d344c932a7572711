package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Optional;
import java.util.OptionalInt;

/** The file of {@code flipside train-rm}: a Bradley-Terry reward model from labelled pairs. */
public record RewardTrainingConfig(
        @Doc("Where the run lives.") Run run,
        @Doc("The model that becomes a reward model.") Model rewardModel,
        @Doc("The labelled pairs: JSONL(.gz), JSON, CSV or Parquet.") Data data,
        @Doc("The optimiser, its schedule and the loss.") Training training) {

    /** Section {@code run}. */
    public record Run(
            @Doc("Folder of the run; the trained model is its folder `final`.") String outputDir,
            @Doc("Seed of the new head and of the order of the pairs.") long seed,
            @Doc("`auto` (the first GPU when there is one), `cpu` or `cuda:N`.") String device,
            @Doc("Precision of the forward and backward passes, as in `flipside train`.") RunConfig.Precision dtype,
            @Doc("Format of the final model's weights.") RunConfig.WeightFormat saveDtype) {}

    /** Section {@code reward_model}. */
    public record Model(
            @Doc(
                            "Hugging Face directory, or `org/name[@revision]` on the Hub. A causal model gets a new reward head. A sequence-classification model with `score.weight` keeps its own.")
                    String model,
            @JsonUnwrapped ChatTemplateConfig template,
            @Doc(
                            "Train an adapter on the frozen model, with the reward head beside it: a map of PEFT's [keys](#lora), `{}` for all defaults.")
                    Optional<LoraConfig> lora) {

        private void validate(String section) {
            new Ranges(section).present("model", model, "a Hugging Face directory");
            lora.ifPresent(l -> l.validate(section + ".lora"));
        }
    }

    /** Section {@code data}. */
    public record Data(
            @Doc("Labelled pairs to train on: a file, or `org/name[@revision][:[config/]split]` on the Hub.")
                    String preferences,
            @Doc("Held-out labelled pairs; without it `eval_fraction` of `preferences` is held out.")
                    Optional<String> evalPreferences,
            @Doc("Share of `preferences` held out when there is no `eval_preferences`; 0 evaluates nothing.")
                    double evalFraction,
            @Doc("Column with the margin of a pair, or `score_difference` for `score_chosen` minus `score_rejected`.")
                    Optional<String> marginColumn,
            @Doc("Conversations longer than this many tokens are dropped or cut; none is the model's context.")
                    OptionalInt maxLength,
            @Doc(
                            "What happens to a pair beyond `max_length`. `drop`: it is left out, counted and printed. `truncate`: it is cut at the side that `truncation_mode` names.")
                    LongPairs longPairs,
            @Doc(
                            "Which part of a truncated conversation stays. `keep_start` cuts the reply's end, `keep_end` the prompt's beginning.")
                    TruncationMode truncationMode,
            @Doc("Visit the pairs in an order drawn from the seed; `false` keeps the file's order.") boolean shuffle,
            @Doc("System prompt of every conversation that has none of its own.") Optional<String> systemPrompt) {

        private void validate(String section) {
            Ranges in = new Ranges(section);
            in.present("preferences", preferences, "a file of labelled pairs");
            in.within("eval_fraction", evalFraction, 0, 0.9);
            DataConfig.requireNotBlank(section, systemPrompt);
        }
    }

    /** {@code data.long_pairs}. */
    public enum LongPairs {
        DROP,
        TRUNCATE
    }

    /** {@code data.truncation_mode}, with TRL's names. */
    public enum TruncationMode {
        KEEP_START,
        KEEP_END
    }

    /** Section {@code training}. */
    public record Training(
            @Heading(value = "Optimiser", purpose = "AdamW and its schedule.") @JsonUnwrapped OptimiserConfig optimiser,
            @Heading(
                            value = "Length and batches",
                            purpose = "How many steps there are, and how many pairs go together.")
                    @Doc("Passes over the pairs.")
                    int numTrainEpochs,
            @Doc("Optimiser steps; 0 is as many as `num_train_epochs` needs.") int maxSteps,
            @Doc("Pairs of one optimiser step.") int trainBatchSize,
            @Doc("Pairs in one forward and backward pass; changes memory, never the result.")
                    int perDeviceTrainBatchSize,
            @Doc("Recompute layers in the backward pass instead of keeping them.") boolean gradientCheckpointing,
            @Doc(
                            "Memory in MiB that a pass may keep for its backward pass. Batches are cut into as many passes as that takes. Changes memory and time, never the result.")
                    int activationMemoryMb,
            @Heading(value = "Loss", purpose = "What is added to the Bradley-Terry loss.")
                    @Doc("Weight of the mean of `(r_chosen + r_rejected)^2` (arXiv 2312.09244); 0 is off.")
                    double centerRewardsCoefficient,
            @Doc("Share of each pair's loss that is given to the opposite order.") double labelSmoothing,
            @Heading(value = "Evaluation and logging", purpose = "What is measured and written on the way.")
                    @Doc("Optimiser steps between evaluations; 0 evaluates at the start and the end only.")
                    int evalSteps,
            @Doc("Optimiser steps between lines of `metrics.jsonl`.") int loggingSteps,
            @Doc("Write TensorBoard event files beside `metrics.jsonl`.") boolean tensorboard) {

        private void validate(String section) {
            Ranges in = new Ranges(section);
            optimiser.validate(section);
            in.atLeast("num_train_epochs", numTrainEpochs, 1);
            in.atLeast("max_steps", maxSteps, 0);
            in.atLeast("train_batch_size", trainBatchSize, 1);
            in.atLeast("per_device_train_batch_size", perDeviceTrainBatchSize, 1);
            in.atLeast("activation_memory_mb", activationMemoryMb, 1);
            in.within("center_rewards_coefficient", centerRewardsCoefficient, 0, 1e6);
            in.within("label_smoothing", labelSmoothing, 0, 0.5);
            in.atLeast("eval_steps", evalSteps, 0);
            in.atLeast("logging_steps", loggingSteps, 1);
        }
    }

    /**
     * Pairs share little, so that small passes lose nothing, and what stays in the processor's cache is faster: a third
     * of what groups of one prompt want.
     */
    private static final int ACTIVATION_MEMORY_MB = PolicyConfig.ACTIVATION_MEMORY_MB / 3;

    public static RewardTrainingConfig defaults() {
        return new RewardTrainingConfig(
                new Run("runs/reward-model", 0, "auto", RunConfig.Precision.AUTO, RunConfig.WeightFormat.F32),
                new Model("", ChatTemplateConfig.defaults(), Optional.empty()),
                new Data(
                        "",
                        Optional.empty(),
                        0.1,
                        Optional.empty(),
                        OptionalInt.of(1024),
                        LongPairs.DROP,
                        TruncationMode.KEEP_START,
                        true,
                        Optional.empty()),
                new Training(
                        OptimiserConfig.withLearningRate(1e-5),
                        1,
                        0,
                        16,
                        8,
                        false,
                        ACTIVATION_MEMORY_MB,
                        0,
                        0,
                        0,
                        1,
                        true));
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate() {
        rewardModel.validate("reward_model");
        data.validate("data");
        training.validate("training");
    }
}
