package dev.flipside.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.AlgorithmConfig.Name;
import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.ContrastConfig.AnchorGradient;
import dev.flipside.config.ContrastConfig.RmLoss;
import dev.flipside.config.ControlsConfig.Labels;
import dev.flipside.config.ControlsConfig.Samples;
import dev.flipside.config.FilterConfig.Filter;
import dev.flipside.config.GateConfig.Gate;
import dev.flipside.config.GateConfig.Pairs;
import dev.flipside.config.GuardConfig.Guard;
import dev.flipside.config.GuardConfig.Memory;
import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.config.ValueHeadConfig.ValueWarmup;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * What the options must be together, before anything is loaded; what each may be alone is said beside it. Every message
 * names the key, the value, the reason and the fix.
 */
public final class Validation {
    private static final JsonNode TRAIN_DEFAULTS = ConfigReader.tree(TrainConfig.defaults());

    private final TrainConfig config;
    private final JsonNode tree;
    /** What section save holds where nothing but its preset is given. */
    private final JsonNode preset;

    private final Set<String> given;
    /** Told a key without effect and the reason. */
    private final BiConsumer<String, String> withoutEffect;

    private Validation(ReadConfig<TrainConfig> reading, BiConsumer<String, String> withoutEffect) {
        this.config = reading.config();
        this.tree = ConfigReader.tree(config);
        this.preset = ConfigReader.tree(
                SaveConfig.of(config.save().preset(), config.data().files()));
        this.given = reading.given();
        this.withoutEffect = withoutEffect;
    }

    /** Ranges first, then combinations, then keys without effect. */
    static void check(ReadConfig<TrainConfig> reading) {
        JsonNode tree = ConfigReader.tree(reading.config());
        Validation validation = new Validation(reading, (key, reason) -> {
            JsonNode value = tree.at(pointer(key));
            throw new UserError(
                    key + ": " + ConfigReader.shown(value) + " has no effect, because " + reason + "; remove the key.");
        });
        tellMissing(reading.config());
        reading.config().validate();
        validation.combinations();
        validation.keysWithoutEffect();
    }

    private static void tellMissing(TrainConfig config) {
        boolean graded = config.rewardModel().model().isPresent()
                || !config.rewardModel().functions().isEmpty()
                || config.save().preset() == SaveConfig.Preset.OFF;
        new MissingKeys()
                .unless(!config.policy().model().isBlank(), "policy.model", "a Hugging Face directory")
                .unless(graded, "reward_model.model", "the directory of a reward model")
                .unless(!config.data().prompts().isBlank(), "data.prompts", "a file of prompts")
                .tellSeveral();
    }

    /** The keys that were given, differ from their default and cannot change anything. */
    static Set<String> withoutEffect(ReadConfig<TrainConfig> reading) {
        Set<String> keys = new TreeSet<>();
        new Validation(reading, (key, reason) -> keys.add(key)).keysWithoutEffect();
        return keys;
    }

    static void checkRewardTraining(RewardTrainingConfig config) {
        new MissingKeys()
                .unless(!config.rewardModel().model().isBlank(), "reward_model.model", "a Hugging Face directory")
                .unless(!config.data().preferences().isBlank(), "data.preferences", "a file of labelled pairs")
                .tellSeveral();
        config.validate();
        if (config.data().longPairs() == LongPairs.DROP && config.data().truncationMode() == TruncationMode.KEEP_END) {
            throw new UserError(
                    "data.truncation_mode: keep_end has no effect, because data.long_pairs is drop; set that to truncate, or remove the key.");
        }
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
        double upper = 1 + a.resolved().epsilonHigh().orElseThrow();
        if (a.delta().isPresent() && a.delta().getAsDouble() <= upper) {
            throw new UserError("algorithm.delta: " + a.delta().getAsDouble()
                    + " bounds a ratio that algorithm.epsilon_high clips at " + upper
                    + " already; set it above that, or remove the key.");
        }
        int prompts = config.rollout().promptsPerStep();
        if (a.stepsPerGeneration() > prompts) {
            throw new UserError(
                    "algorithm.steps_per_generation: " + a.stepsPerGeneration() + " mini-batches cannot be made of "
                            + prompts
                            + " prompts (rollout.generation_batch_size / rollout.num_generations); mini-batches hold whole groups.");
        }
        if (improving && s.update().rmMiniBatches() > prompts) {
            throw new UserError(
                    "save.rm_mini_batches: " + s.update().rmMiniBatches() + " mini-batches cannot be made of " + prompts
                            + " prompts (rollout.generation_batch_size / rollout.num_generations); mini-batches hold whole groups.");
        }
        if (improving && config.rewardModel().model().isEmpty()) {
            throw new UserError(
                    "reward_model.model: the SAVE update (save.preset: " + name(s.preset())
                            + ") needs a reward model; give its directory, or set save.preset: off to train on reward functions alone.");
        }
        if (plan.adapts() && plan.guardMemory().isEmpty()) {
            throw new UserError(
                    "save.guard: off leaves save.preset auto nothing to hold the reward model to; remove the key, or set save.preset: faithful.");
        }
        plan.guardMemory().ifPresent(memory -> requireGuardPairs(plan.guard(), memory));
        plan.gatePairs().ifPresent(pairs -> requireGatePairs(plan.guard(), pairs));
        if (improving
                && config.run().stopRule() == RunConfig.StopRule.HELD_OUT
                && config.data().evalPreferences().isEmpty()) {
            throw new UserError(
                    "data.eval_preferences: run.stop_rule held_out watches the reward model on held-out pairs, but no file is given; name one, or set run.stop_rule: off.");
        }
        if (improving
                && s.controls().labels() == Labels.GOLD
                && config.eval().gold().isEmpty()) {
            throw new UserError("eval.gold: save.labels gold needs a reward function that knows the truth; name one.");
        }
        if (plan.rescales() && s.anchoring().anchor() == Anchor.FROZEN) {
            throw new UserError(
                    "save.scored_by: initial_rescaled stretches the initial reward model, whose values save.anchor frozen holds fixed; choose another anchor.");
        }
        if (improving && s.contrast().contrastWeight() == 0 && !plan.guard().replays()) {
            throw new UserError("save.contrast_weight: 0 together with save.guard " + name(plan.guard())
                    + " leaves no loss for the reward model; set save.preset: off to freeze it.");
        }
    }

    private void requireGatePairs(Guard guard, Pairs pairs) {
        boolean trusted = pairs == Pairs.TRUSTED;
        if ((trusted ? config.data().trustedPreferences() : config.data().evalPreferences()).isEmpty()) {
            throw new UserError((trusted ? "data.trusted_preferences" : "data.eval_preferences")
                    + ": save.gate mcnemar compares accuracy on " + (trusted ? "trusted" : "held-out")
                    + " pairs, but no file is given; name one, or set save.gate: off.");
        }
        if (trusted && guard.replays() && config.save().guarding().guardMemory() == Memory.TRUSTED) {
            throw new UserError(
                    "save.gate_pairs: trusted are the pairs that save.guard " + name(guard)
                            + " trains on, which get better whatever happens to others; set save.gate_pairs: held_out, or save.guard: project.");
        }
    }

    private void requireGuardPairs(Guard guard, Memory memory) {
        if (memory.file(config.data()).isEmpty()) {
            throw new UserError("data." + memory.key() + ": save.guard " + name(guard)
                    + " needs the labelled pairs of save.guard_memory " + name(memory)
                    + ", but no file is given; name one, or set save.guard: off.");
        }
    }

    private void keysWithoutEffect(AlgorithmConfig a) {
        boolean divergence = a.resolved().beta().orElseThrow() != 0;
        switch (a.name()) {
            case GRPO -> {
                if (!divergence) {
                    reject("algorithm.kl_estimator", "algorithm.beta is 0");
                }
            }
            case RLOO -> {
                reject("algorithm.loss_type", "rloo averages over sequences");
                reject("algorithm.scale_rewards", "rloo does not divide by a standard deviation");
                reject("algorithm.kl_estimator", "rloo always takes k1 of the whole sequence from the reward");
            }
            case GSPO -> {
                reject(
                        "algorithm.loss_type",
                        "gspo averages over sequences, another aggregation would weight them by length");
                if (!divergence) {
                    reject("algorithm.kl_estimator", "algorithm.beta is 0");
                }
            }
        }
    }

    /** A key that was given, differs from its default and cannot change anything is an error, never ignored. */
    private void keysWithoutEffect() {
        AlgorithmConfig a = config.algorithm();
        SaveConfig s = config.save();
        keysWithoutEffect(a);
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
            reject("data.preferences", "save.preset is off, there is no guard");
            reject("data.trusted_preferences", "save.preset is off, there is no guard");
            reject("data.max_trusted_preferences", "save.preset is off, there is no guard");
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
        if (s.anchoring().anchor() != Anchor.MIXTURE) {
            reject("save.anchor_mix", "save.anchor is not mixture");
        }
        if (s.anchoring().anchor() == Anchor.LEAVE_ONE_OUT || s.valueHead().valueWarmup() == ValueWarmup.OFF) {
            reject(
                    "save.force_anchor",
                    s.anchoring().anchor() == Anchor.LEAVE_ONE_OUT
                            ? "save.anchor is leave_one_out"
                            : "save.value_warmup is off");
        }
        if (s.filtering().filter() != Filter.STD) {
            reject("save.filter_floor", "save.filter is not std");
            reject("save.calibration_prompts", "save.filter is not std");
        }
        if (s.filtering().filter() == Filter.NONE) {
            reject("save.filter_threshold", "save.filter is none");
        }
        if (s.anchoring().anchor() != Anchor.VALUE && s.anchoring().anchor() != Anchor.MIXTURE) {
            reject(
                    "save.anchor_gradient",
                    "the value of the current model is not part of save.anchor "
                            + name(s.anchoring().anchor()));
        }
        if (s.contrast().rmLoss() == RmLoss.PAIRWISE) {
            reject("save.balance", "save.rm_loss is pairwise");
            reject("save.anchor_gradient", "save.rm_loss is pairwise");
        }
        if (s.contrast().anchorGradient() == AnchorGradient.FLOW) {
            reject("save.anchor_noise", "save.anchor_gradient flow holds no anchor fixed");
        }
        guardKeysWithoutEffect(config.plan());
        if (s.controls().samples() == Samples.INITIAL) {
            reject(
                    "save.candidates",
                    "save.samples is initial: what the policy is updated on is its own and taught nothing");
        }
        if (s.gating().gate() == Gate.OFF) {
            reject("save.gate_pairs", "save.gate is off");
            reject("save.gate_alpha", "save.gate is off");
            reject("save.gate_patience", "save.gate is off");
        }
        if (s.valueHead().valueWarmup() == ValueWarmup.OFF) {
            reject("save.value_warmup_prompts", "save.value_warmup is off");
        }
        if (s.valueHead().valueWarmup() == ValueWarmup.RIDGE) {
            reject("save.value_head_init", "save.value_warmup ridge replaces the head by its closed form");
        }
    }

    private void guardKeysWithoutEffect(RunPlan plan) {
        String guard = "save.guard is " + name(plan.guard());
        if (!plan.guard().replays()) {
            reject("save.replay_weight", guard);
        }
        if (plan.guardMemory().isEmpty()) {
            reject("save.guard_memory", guard);
            reject("save.guard_batch", guard);
            reject("save.guard_balance", guard);
        }
        if (!plan.readsPreferences()) {
            reject("data.preferences", plan.guardMemory().isEmpty() ? guard : "save.guard_memory is trusted");
        }
        if (!plan.readsTrusted()) {
            String reason = plan.guardMemory().isEmpty() ? guard : "save.guard_memory is preferences";
            reject("data.max_trusted_preferences", reason);
            reject("data.trusted_preferences", reason);
        }
    }

    /** A complete file, as a run keeps it, also names what its preset has set. */
    private void reject(String key, String reason) {
        JsonNode value = tree.at(pointer(key));
        boolean byPreset = key.startsWith("save.") && value.equals(preset.path(key.substring("save.".length())));
        if (given.contains(key) && !value.equals(TRAIN_DEFAULTS.at(pointer(key))) && !byPreset) {
            withoutEffect.accept(key, reason);
        }
    }

    private static String pointer(String key) {
        return "/" + key.replace('.', '/');
    }

    private static String name(Enum<?> value) {
        return Spelling.of(value);
    }
}
