package dev.flipside.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.AlgorithmConfig.Name;
import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.config.SaveConfig.Anchor;
import dev.flipside.config.SaveConfig.Filter;
import dev.flipside.config.SaveConfig.Labels;
import dev.flipside.config.SaveConfig.ValueWarmup;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/** What a configuration must satisfy before anything is loaded. Every message names the key, the value, the reason and the fix. */
public final class Validation {
    private static final JsonNode TRAIN_DEFAULTS = ConfigReader.tree(TrainConfig.defaults());

    private final TrainConfig config;
    private final JsonNode tree;
    private final Set<String> given;
    /** Told a key without effect and the reason. */
    private final BiConsumer<String, String> withoutEffect;

    private Validation(ConfigReader.Reading<TrainConfig> reading, BiConsumer<String, String> withoutEffect) {
        this.config = reading.config();
        this.tree = ConfigReader.tree(config);
        this.given = reading.given();
        this.withoutEffect = withoutEffect;
    }

    /** Ranges first, then keys without effect. */
    static void check(ConfigReader.Reading<TrainConfig> reading) {
        JsonNode tree = ConfigReader.tree(reading.config());
        Validation validation = new Validation(reading, (key, reason) -> {
            JsonNode value = tree.at(pointer(key));
            throw new UserError(key + ": " + value.asText(value.toString()) + " has no effect, because " + reason
                    + "; remove the key.");
        });
        validation.ranges();
        validation.combinations();
        validation.keysWithoutEffect();
    }

    /** The keys that were given, differ from their default and cannot change anything. */
    static Set<String> withoutEffect(ConfigReader.Reading<TrainConfig> reading) {
        Set<String> keys = new TreeSet<>();
        new Validation(reading, (key, reason) -> keys.add(key)).keysWithoutEffect();
        return keys;
    }

    static void checkRewardTraining(RewardTrainingConfig config) {
        RewardTrainingConfig.Training t = config.training();
        present(config.rewardModel().model(), "reward_model.model", "a Hugging Face directory");
        config.rewardModel().lora().ifPresent(l -> l.validate("reward_model.lora"));
        present(config.data().preferences(), "data.preferences", "a file of labelled pairs");
        optimiser("training", t.optimiser());
        atLeast("training.num_train_epochs", t.numTrainEpochs(), 1);
        atLeast("training.max_steps", t.maxSteps(), 0);
        atLeast("training.train_batch_size", t.trainBatchSize(), 1);
        atLeast("training.per_device_train_batch_size", t.perDeviceTrainBatchSize(), 1);
        atLeast("training.activation_memory_mb", t.activationMemoryMb(), 1);
        atLeast("training.logging_steps", t.loggingSteps(), 1);
        atLeast("training.eval_steps", t.evalSteps(), 0);
        within("training.label_smoothing", t.labelSmoothing(), 0, 0.5);
        within("training.center_rewards_coefficient", t.centerRewardsCoefficient(), 0, 1e6);
        within("data.eval_fraction", config.data().evalFraction(), 0, 0.9);
        systemPrompt(config.data().systemPrompt());
        if (config.data().longPairs() == LongPairs.DROP && config.data().truncationMode() == TruncationMode.KEEP_END) {
            throw new UserError(
                    "data.truncation_mode: keep_end has no effect, because data.long_pairs is drop; set that to truncate, or remove the key.");
        }
    }

    private static void systemPrompt(Optional<String> text) {
        if (text.filter(String::isBlank).isPresent()) {
            throw new UserError(
                    "data.system_prompt: it is empty, which would put an empty system message before every prompt; write one, or remove the key.");
        }
    }

    private void ranges() {
        present(config.policy().model(), "policy.model", "a Hugging Face directory");
        present(config.data().prompts(), "data.prompts", "a file of prompts");
        systemPrompt(config.data().systemPrompt());
        atLeast("run.max_steps", config.run().maxSteps(), 1);
        atLeast("run.rounds", config.run().rounds(), 1);
        atLeast("run.save_steps", config.run().saveSteps(), 0);
        atLeast("run.save_total_limit", config.run().saveTotalLimit(), 1);
        optimiser("policy", config.policy().optimiser());
        config.policy().lora().ifPresent(l -> l.validate("policy.lora"));
        config.rewardModel().lora().ifPresent(l -> l.validate("reward_model.lora"));
        atLeast("policy.per_device_train_batch_size", config.policy().perDeviceTrainBatchSize(), 1);
        atLeast("reward_model.per_device_batch_size", config.rewardModel().perDeviceBatchSize(), 1);
        atLeast("policy.activation_memory_mb", config.policy().activationMemoryMb(), 1);
        atLeast("reward_model.activation_memory_mb", config.rewardModel().activationMemoryMb(), 1);
        rollout(config.rollout());
        atLeast("algorithm.num_iterations", config.algorithm().numIterations(), 1);
        atLeast("algorithm.steps_per_generation", config.algorithm().stepsPerGeneration(), 1);
        config.algorithm().beta().ifPresent(b -> within("algorithm.beta", b, 0, 1e3));
        config.algorithm().epsilon().ifPresent(e -> positive("algorithm.epsilon", e));
        config.algorithm().epsilonHigh().ifPresent(e -> positive("algorithm.epsilon_high", e));
        config.algorithm().delta().ifPresent(d -> positive("algorithm.delta", d));
        save(config.save());
        atLeast("eval.eval_steps", config.eval().evalSteps(), 0);
        atLeast("eval.num_generations", config.eval().numGenerations(), 1);
        if (config.eval().valueSamples() != 0) {
            atLeast("eval.value_samples", config.eval().valueSamples(), 2);
        }
        within("eval.temperature", config.eval().temperature(), 0, 100);
        atLeast("logging.logging_steps", config.logging().loggingSteps(), 1);
        atLeast("logging.samples_max_mb", config.logging().samplesMaxMb(), 0);
    }

    private static void rollout(RolloutConfig r) {
        if (r.numGenerations() < 2) {
            throw new UserError(
                    "rollout.num_generations: " + r.numGenerations()
                            + " leaves nothing to compare a completion with, advantages need a group of at least 2; set 2 or more (8 is usual).");
        }
        atLeast("rollout.generation_batch_size", r.generationBatchSize(), r.numGenerations());
        if (r.generationBatchSize() % r.numGenerations() != 0) {
            throw new UserError("rollout.generation_batch_size: " + r.generationBatchSize()
                    + " is not a multiple of rollout.num_generations (" + r.numGenerations()
                    + "); groups must be whole.");
        }
        atLeast("rollout.max_completion_length", r.maxCompletionLength(), 1);
        positive("rollout.temperature", r.temperature());
        within("rollout.top_p", r.topP(), Double.MIN_VALUE, 1);
        atLeast("rollout.top_k", r.topK(), 0);
        within("rollout.min_p", r.minP(), 0, 1);
        positive("rollout.repetition_penalty", r.repetitionPenalty());
        atLeast("rollout.max_rows", r.maxRows(), 1);
        atLeast("rollout.refill_zero_variance", r.refillZeroVariance(), 0);
    }

    private static void save(SaveConfig s) {
        within("save.anchor_mix", s.anchorMix(), 0, 1);
        within("save.anchor_noise", s.anchorNoise(), 0, 1e6);
        within("save.filter_threshold", s.filterThreshold(), 0, s.filter() == Filter.FRACTION ? 0.5 : 1e6);
        within("save.filter_floor", s.filterFloor(), 0, 1e6);
        atLeast("save.calibration_prompts", s.calibrationPrompts(), 1);
        within("save.contrast_weight", s.contrastWeight(), 0, 1e6);
        within("save.value_backbone_weight", s.valueBackboneWeight(), 0, 1e6);
        atLeast("save.value_warmup_prompts", s.valueWarmupPrompts(), 4);
        atLeast("save.rm_mini_batches", s.rmMiniBatches(), 1);
        atLeast("save.update_every", s.updateEvery(), 1);
        within("save.gate_alpha", s.gateAlpha(), 0, 1);
        atLeast("save.gate_patience", s.gatePatience(), 1);
        within("save.replay_weight", s.replayWeight(), 0, 1e6);
        atLeast("save.replay_batch", s.replayBatch(), 1);
        within("save.centering", s.centering(), 0, 1e6);
        within("save.label_smoothing", s.labelSmoothing(), 0, 0.5);
        s.marginCap().ifPresent(c -> positive("save.margin_cap", c));
        within("save.learning_rate", s.learningRate(), 0, 1e3);
        within("save.value_learning_rate", s.valueLearningRate(), 0, 1e3);
        within("save.max_grad_norm", s.maxGradNorm(), 0, 1e9);
    }

    private void combinations() {
        AlgorithmConfig a = config.algorithm();
        SaveConfig s = config.save();
        RunPlan plan = config.plan();
        boolean improving = plan.improves();
        if (a.name() == Name.GSPO && (a.epsilon().isEmpty() || a.epsilonHigh().isEmpty())) {
            throw new UserError(
                    "algorithm.epsilon: gspo needs algorithm.epsilon and algorithm.epsilon_high to be given, its ratio of whole sequences never"
                            + " leaves the 0.2 of token ratios; the paper has epsilon: 3e-4 and epsilon_high: 4e-4.");
        }
        int prompts = config.rollout().promptsPerStep();
        if (a.stepsPerGeneration() > prompts) {
            throw new UserError(
                    "algorithm.steps_per_generation: " + a.stepsPerGeneration() + " mini-batches cannot be made of "
                            + prompts
                            + " prompts (rollout.generation_batch_size / rollout.num_generations); mini-batches hold whole groups.");
        }
        if (improving && s.rmMiniBatches() > prompts) {
            throw new UserError(
                    "save.rm_mini_batches: " + s.rmMiniBatches() + " mini-batches cannot be made of " + prompts
                            + " prompts (rollout.generation_batch_size / rollout.num_generations); mini-batches hold whole groups.");
        }
        if (improving && config.rewardModel().model().isEmpty()) {
            throw new UserError(
                    "reward_model.model: the SAVE update (save.preset: " + name(s.preset())
                            + ") needs a reward model; give its directory, or set save.preset: off to train on reward functions alone.");
        }
        if (plan.replays() && config.data().preferences().isEmpty()) {
            throw new UserError("data.preferences: save.replay_weight " + s.replayWeight()
                    + " replays labelled pairs, but no file is given; name one, or set save.replay_weight: 0.");
        }
        if (plan.gates() && config.data().evalPreferences().isEmpty()) {
            throw new UserError(
                    "data.eval_preferences: save.gate mcnemar compares accuracy on held-out pairs, but no file is given; name one, or set save.gate: off.");
        }
        if (improving
                && config.run().stopRule() == RunConfig.StopRule.HELD_OUT
                && config.data().evalPreferences().isEmpty()) {
            throw new UserError(
                    "data.eval_preferences: run.stop_rule held_out watches the reward model on held-out pairs, but no file is given; name one, or set run.stop_rule: off.");
        }
        if (improving && s.labels() == Labels.GOLD && config.eval().gold().isEmpty()) {
            throw new UserError("eval.gold: save.labels gold needs a reward function that knows the truth; name one.");
        }
        if (plan.rescales() && s.anchor() == Anchor.FROZEN) {
            throw new UserError(
                    "save.scored_by: initial_rescaled stretches the initial reward model, whose values save.anchor frozen holds fixed; choose another anchor.");
        }
        if (improving && s.contrastWeight() == 0 && s.replayWeight() == 0) {
            throw new UserError(
                    "save.contrast_weight: 0 together with save.replay_weight 0 leaves no loss for the reward model; set save.preset: off to freeze it.");
        }
    }

    /** A key that was given, differs from its default and cannot change anything is an error, never ignored. */
    private void keysWithoutEffect() {
        AlgorithmConfig a = config.algorithm();
        SaveConfig s = config.save();
        if (a.name() != Name.GRPO) {
            reject(
                    "algorithm.loss_type",
                    a.name() == Name.RLOO
                            ? "rloo averages over sequences"
                            : "gspo averages over sequences, another aggregation would weight them by length");
        }
        if (a.name() == Name.RLOO) {
            reject("algorithm.scale_rewards", "rloo does not divide by a standard deviation");
            reject("algorithm.kl_estimator", "rloo always takes k1 of the whole sequence from the reward");
        } else if (a.resolved().beta().orElseThrow() == 0) {
            reject("algorithm.kl_estimator", "algorithm.beta is 0");
        }
        if (config.rewardModel().model().isEmpty()) {
            for (String key : new String[] {
                "lora",
                "chat_template",
                "chat_template_kwargs",
                "chat_template_date",
                "weight",
                "max_length",
                "per_device_batch_size",
                "gradient_checkpointing",
                "activation_memory_mb"
            }) {
                reject("reward_model." + key, "no reward_model.model is given");
            }
        }
        if (!config.logging().logCompletions()) {
            reject("logging.samples_max_mb", "logging.log_completions is false");
        }
        if (config.data().evalPrompts().isEmpty()) {
            reject("eval.num_generations", "no data.eval_prompts is given");
            reject("eval.temperature", "no data.eval_prompts is given");
            reject("eval.value_samples", "no data.eval_prompts is given");
            reject("eval.frozen_twin", "no data.eval_prompts is given");
        }
        if (config.run().maxSteps() > 0 && !config.plan().improves()) {
            new TreeSet<>(given)
                    .stream()
                            .filter(k -> k.startsWith("save.") && !k.equals("save.preset"))
                            .forEach(k -> reject(k, "save.preset is off, the reward model stays frozen"));
            reject("data.preferences", "save.preset is off, nothing is replayed");
            reject("eval.value_samples", "save.preset is off, there is no value head");
            reject("eval.frozen_twin", "save.preset is off, the reward model stays frozen");
            reject("run.stop_rule", "save.preset is off, the reward model stays frozen");
            reject("reward_model.lora", "save.preset is off, the reward model stays frozen");
            reject("reward_model.gradient_checkpointing", "save.preset is off, the reward model stays frozen");
            reject("reward_model.activation_memory_mb", "save.preset is off, the reward model stays frozen");
            return;
        }
        saveKeysWithoutEffect(s);
    }

    private void saveKeysWithoutEffect(SaveConfig s) {
        if (s.anchor() != Anchor.MIXTURE) {
            reject("save.anchor_mix", "save.anchor is not mixture");
        }
        if (s.anchor() == Anchor.LEAVE_ONE_OUT || s.valueWarmup() == ValueWarmup.OFF) {
            reject(
                    "save.force_anchor",
                    s.anchor() == Anchor.LEAVE_ONE_OUT ? "save.anchor is leave_one_out" : "save.value_warmup is off");
        }
        if (s.filter() != Filter.STD) {
            reject("save.filter_floor", "save.filter is not std");
            reject("save.calibration_prompts", "save.filter is not std");
        }
        if (s.filter() == Filter.NONE) {
            reject("save.filter_threshold", "save.filter is none");
        }
        if (s.anchor() != Anchor.VALUE && s.anchor() != Anchor.MIXTURE) {
            reject(
                    "save.anchor_gradient",
                    "the value of the current model is not part of save.anchor " + name(s.anchor()));
        }
        if (s.rmLoss() == SaveConfig.RmLoss.PAIRWISE) {
            reject("save.balance", "save.rm_loss is pairwise");
            reject("save.anchor_gradient", "save.rm_loss is pairwise");
        }
        if (s.anchorGradient() == SaveConfig.AnchorGradient.FLOW) {
            reject("save.anchor_noise", "save.anchor_gradient flow holds no anchor fixed");
        }
        if (s.replayWeight() == 0) {
            reject("save.replay_batch", "save.replay_weight is 0");
            reject("data.preferences", "save.replay_weight is 0");
        }
        if (s.samples() == SaveConfig.Samples.INITIAL) {
            reject(
                    "save.candidates",
                    "save.samples is initial: what the policy is updated on is its own and taught nothing");
        }
        if (s.gate() == SaveConfig.Gate.OFF) {
            reject("save.gate_alpha", "save.gate is off");
            reject("save.gate_patience", "save.gate is off");
        }
        if (s.valueWarmup() == ValueWarmup.OFF) {
            reject("save.value_warmup_prompts", "save.value_warmup is off");
        }
        if (s.valueWarmup() == ValueWarmup.RIDGE) {
            reject("save.value_head_init", "save.value_warmup ridge replaces the head by its closed form");
        }
    }

    private void reject(String key, String reason) {
        if (given.contains(key) && !tree.at(pointer(key)).equals(TRAIN_DEFAULTS.at(pointer(key)))) {
            withoutEffect.accept(key, reason);
        }
    }

    private static String pointer(String key) {
        return "/" + key.replace('.', '/');
    }

    private static void optimiser(String section, OptimiserConfig o) {
        within(section + ".learning_rate", o.learningRate(), 0, 1e3);
        within(section + ".weight_decay", o.weightDecay(), 0, 1e3);
        within(section + ".adam_beta1", o.adamBeta1(), 0, 1);
        within(section + ".adam_beta2", o.adamBeta2(), 0, 1);
        positive(section + ".adam_epsilon", o.adamEpsilon());
        atLeast(section + ".warmup_steps", o.warmupSteps(), 0);
        within(section + ".min_lr_rate", o.minLrRate(), 0, 1);
        within(section + ".max_grad_norm", o.maxGradNorm(), 0, 1e9);
    }

    private static void present(String value, String key, String what) {
        if (value.isBlank()) {
            throw new UserError(key + ": is missing; name " + what + ".");
        }
    }

    private static void atLeast(String key, long value, long least) {
        if (value < least) {
            throw new UserError(key + ": " + value + " is too small; the least is " + least + ".");
        }
    }

    private static void positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new UserError(key + ": " + value + " must be a number above 0.");
        }
    }

    private static void within(String key, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new UserError(key + ": " + value + " is outside " + (least == Double.MIN_VALUE ? "(0" : "[" + least)
                    + ", " + most + "].");
        }
    }

    private static String name(Enum<?> value) {
        return Spelling.of(value);
    }
}
