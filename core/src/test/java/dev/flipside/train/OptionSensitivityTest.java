package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.TrainConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every option does something: changing it changes what a run of two steps measures or samples, and options that are
 * about memory change nothing. The cases are held against the configuration's own keys, so that an option without a
 * case fails here.
 */
class OptionSensitivityTest {
    /** Section and key, what both runs need besides, and what the second run changes. */
    private record Case(String key, String base, String changed, boolean changes) {
        static Case changes(String key, String changed) {
            return new Case(key, "", changed, true);
        }

        static Case changes(String key, String base, String changed) {
            return new Case(key, base, changed, true);
        }

        static Case memory(String key, String changed) {
            return new Case(key, "", changed, false);
        }

        @Override
        public String toString() {
            return key + ": " + changed + (base.isEmpty() ? "" : " (with " + base + ")");
        }
    }

    private static final String REPLAY = "data.preferences=PAIRS save.guard=replay";
    private static final String TRUSTED = "save.guard=project save.guard_memory=trusted data.trusted_preferences=PAIRS";
    private static final String GATED = "data.eval_preferences=EVAL save.gate=mcnemar";
    private static final String OFF_POLICY = "algorithm.num_iterations=3 policy.learning_rate=0.05";
    /** A filter that leaves some samples out, an anchor that survives the warm-up. */
    private static final String VALUE = "save.force_anchor=true";

    private static final String LORA = "policy.lora.r=2";

    private static final List<Case> TRAIN = List.of(
            Case.changes("policy.lora", "policy.lora={}"),
            Case.changes("reward_model.lora", "reward_model.lora={}"),
            Case.changes("policy.lora.r", LORA, "policy.lora.r=3"),
            Case.changes("policy.lora.lora_alpha", LORA, "policy.lora.lora_alpha=8"),
            Case.changes("policy.lora.lora_dropout", LORA, "policy.lora.lora_dropout=0.3"),
            Case.changes("policy.lora.target_modules", LORA, "policy.lora.target_modules=[q_proj,v_proj]"),
            Case.changes("policy.lora.modules_to_save", LORA, "policy.lora.modules_to_save=[norm]"),
            Case.changes("policy.lora.use_rslora", LORA, "policy.lora.use_rslora=true"),
            Case.changes("policy.lora.use_dora", LORA, "policy.lora.use_dora=true"),
            Case.changes("algorithm.name", "algorithm.name=rloo"),
            Case.changes("algorithm.name", "algorithm.name=gspo algorithm.epsilon=3e-4 algorithm.epsilon_high=4e-4"),
            Case.changes("algorithm.beta", "algorithm.beta=0.5"),
            Case.changes("algorithm.beta", "algorithm.name=rloo", "algorithm.beta=3"),
            Case.changes("algorithm.kl_estimator", "algorithm.beta=0.5", "algorithm.kl_estimator=k1"),
            Case.changes("algorithm.kl_estimator", "algorithm.beta=0.5", "algorithm.kl_estimator=k2"),
            Case.changes("algorithm.epsilon", OFF_POLICY, "algorithm.epsilon=0.01 algorithm.epsilon_high=0.2"),
            Case.changes("algorithm.epsilon_high", OFF_POLICY, "algorithm.epsilon_high=0.01"),
            Case.changes("algorithm.delta", OFF_POLICY, "algorithm.delta=1.21"),
            Case.changes("algorithm.scale_rewards", "algorithm.scale_rewards=batch"),
            Case.changes("algorithm.scale_rewards", "algorithm.scale_rewards=none"),
            Case.changes("algorithm.loss_type", "algorithm.loss_type=grpo"),
            Case.changes("algorithm.loss_type", "algorithm.loss_type=dr_grpo"),
            Case.changes(
                    "algorithm.loss_type",
                    "algorithm.steps_per_generation=2",
                    "algorithm.steps_per_generation=2 algorithm.loss_type=bnpo"),
            Case.changes("algorithm.num_iterations", "algorithm.num_iterations=2"),
            Case.changes("algorithm.steps_per_generation", "algorithm.steps_per_generation=3"),
            Case.changes("algorithm.mask_truncated_completions", "algorithm.mask_truncated_completions=true"),
            Case.changes("rollout.generation_batch_size", "rollout.generation_batch_size=16"),
            Case.changes("rollout.num_generations", "rollout.num_generations=6"),
            Case.changes("rollout.max_completion_length", "rollout.max_completion_length=6"),
            Case.changes("rollout.temperature", "rollout.temperature=0.7"),
            Case.changes("rollout.top_p", "rollout.top_p=0.6"),
            Case.changes("rollout.top_k", "rollout.top_k=3"),
            Case.changes("rollout.min_p", "rollout.min_p=0.3"),
            Case.changes("rollout.repetition_penalty", "rollout.repetition_penalty=1.8"),
            Case.changes("rollout.stop", "rollout.stop=[e,n,a,s,x]"),
            Case.changes("rollout.suppress_tokens", "rollout.suppress_tokens=[5,6,7,8,9,10,11,12]"),
            Case.memory("rollout.max_rows", "rollout.max_rows=5"),
            Case.changes(
                    "rollout.refill_zero_variance",
                    "reward_model.weight=0 reward_model.functions=[{name:\u00a0regex_format,pattern:\u00a0'.*e.*'}]",
                    "rollout.refill_zero_variance=2"),
            Case.changes(
                    "data.system_prompt",
                    "policy.chat_template=TEMPLATE reward_model.chat_template=TEMPLATE",
                    "data.system_prompt=be"),
            Case.changes("reward_model.model", "!reward_model.model reward_model.model=OTHER"),
            Case.changes("reward_model.chat_template", "reward_model.chat_template=TEMPLATE"),
            Case.changes(
                    "reward_model.chat_template_kwargs",
                    "reward_model.chat_template=READING",
                    "reward_model.chat_template_kwargs={twice:\u00a0true}"),
            Case.changes(
                    "reward_model.chat_template_date",
                    "reward_model.chat_template=READING",
                    "reward_model.chat_template_date=2024-01-01"),
            Case.changes("reward_model.weight", "algorithm.scale_rewards=none", "reward_model.weight=0.5"),
            Case.changes("reward_model.max_length", "reward_model.max_length=9"),
            Case.memory("reward_model.per_device_batch_size", "reward_model.per_device_batch_size=3"),
            Case.memory("reward_model.activation_memory_mb", "reward_model.activation_memory_mb=1"),
            Case.memory("policy.activation_memory_mb", "policy.activation_memory_mb=1"),
            Case.memory("reward_model.gradient_checkpointing", "reward_model.gradient_checkpointing=true"),
            Case.changes(
                    "reward_model.functions",
                    "reward_model.functions=[{name:\u00a0repetition,ngram_size:\u00a01,weight:\u00a00.5}]"),
            Case.changes(
                    "save.preset",
                    "save.preset=off !save.learning_rate !save.value_learning_rate !save.mask_truncated !save.value_warmup_prompts !save.calibration_prompts"),
            Case.changes(
                    "save.preset",
                    "data.preferences=PAIRS save.guard=project data.eval_preferences=EVAL save.gate=mcnemar save.gate_alpha=1",
                    "save.preset=auto"),
            Case.changes("save.preset", "data.eval_preferences=EVAL", "save.preset=guarded data.preferences=PAIRS"),
            Case.changes("save.anchor", VALUE, "save.anchor=leave_one_out !save.force_anchor"),
            Case.changes("save.anchor", VALUE, "save.anchor=mixture"),
            Case.changes("save.anchor", VALUE, "save.anchor=frozen"),
            Case.changes("save.anchor", VALUE, "save.anchor=shuffled"),
            Case.changes("save.anchor_noise", VALUE, "save.anchor_noise=1"),
            Case.changes("save.anchor_mix", VALUE + " save.anchor=mixture", "save.anchor_mix=0.1"),
            Case.changes(
                    "save.force_anchor", "save.value_warmup=sgd save.value_warmup_prompts=4", "save.force_anchor=true"),
            Case.changes("save.filter", "save.filter=absolute !save.calibration_prompts"),
            Case.changes("save.filter", "save.filter=fraction save.filter_threshold=0.25 !save.calibration_prompts"),
            Case.changes("save.filter", "save.filter=none !save.calibration_prompts"),
            Case.changes("save.filter_threshold", "save.filter_threshold=1"),
            Case.changes("save.residualise", "save.residualise=[length]"),
            Case.changes("save.filter_floor", "save.filter_floor=3"),
            Case.changes("save.calibration_prompts", "!save.calibration_prompts save.calibration_prompts=9"),
            Case.changes("save.rm_loss", "save.rm_loss=pairwise"),
            Case.changes("save.contrast_weight", "save.contrast_weight=0.5"),
            Case.changes("save.balance", "save.balance=all_kept"),
            Case.changes("save.anchor_gradient", VALUE, "save.anchor_gradient=flow"),
            Case.changes("save.value_target", "save.value_target=leave_one_out"),
            Case.changes("save.value_target", "save.value_target=improved"),
            Case.changes("save.value_backbone_weight", "save.value_backbone_weight=0.1"),
            Case.changes(
                    "save.value_head_init",
                    "save.value_warmup=off !save.value_warmup_prompts",
                    "save.value_head_init=reward_head"),
            Case.changes(
                    "save.value_head_init",
                    "save.value_warmup=off !save.value_warmup_prompts reward_model.model=WITH_HEAD",
                    "save.value_head_init=saved"),
            Case.changes("save.value_warmup", "save.value_warmup=sgd"),
            Case.changes("save.value_warmup", "save.value_warmup=off !save.value_warmup_prompts"),
            Case.changes("save.value_warmup_prompts", "save.value_warmup_prompts=12"),
            Case.changes("save.relabel", "save.filter_threshold=0 save.learning_rate=0.05", "save.relabel=mini_batch"),
            Case.changes("save.rm_mini_batches", "save.rm_mini_batches=3"),
            Case.changes("save.candidates", "save.candidates=rescore"),
            Case.changes("save.update_every", "save.update_every=2"),
            Case.changes("save.gate_pairs", GATED, "save.gate_pairs=trusted data.trusted_preferences=PAIRS"),
            Case.changes("save.gate", "data.eval_preferences=EVAL", "save.gate=mcnemar"),
            Case.changes("save.gate_alpha", GATED + " save.learning_rate=0.1", "save.gate_alpha=0.9"),
            Case.changes("save.gate_patience", GATED + " save.gate_alpha=1", "save.gate_patience=1"),
            Case.changes("save.replay_weight", REPLAY, "save.replay_weight=2"),
            Case.changes("save.guard_batch", REPLAY, "save.guard_batch=5"),
            Case.changes("save.guard_balance", REPLAY, "save.guard_balance=[length]"),
            Case.changes("save.guard", REPLAY, "save.guard=project"),
            Case.changes(
                    "save.guard_memory",
                    REPLAY,
                    "save.guard_memory=trusted !data.preferences data.trusted_preferences=EVAL"),
            Case.changes("data.max_trusted_preferences", TRUSTED, "data.max_trusted_preferences=3"),
            Case.changes("data.trusted_preferences", TRUSTED, "data.trusted_preferences=EVAL"),
            Case.changes("save.guard", "data.preferences=PAIRS save.guard=project", "save.guard=project_replay"),
            Case.changes("save.centering", "save.centering=0.5"),
            Case.changes("save.label_smoothing", "save.label_smoothing=0.1"),
            Case.changes("save.margin_cap", "save.margin_cap=0.5"),
            Case.changes("save.learning_rate", "save.learning_rate=6e-3"),
            Case.changes("save.value_learning_rate", "save.value_learning_rate=0.1"),
            Case.changes("save.max_grad_norm", "save.max_grad_norm=1e-9"),
            Case.changes("save.labels", "save.labels=random_signs"),
            Case.changes("save.labels", "eval.gold={name:\u00a0repetition,ngram_size:\u00a01}", "save.labels=gold"),
            Case.changes("save.samples", "save.samples=initial"),
            Case.changes("save.scored_by", "algorithm.name=rloo", "save.scored_by=initial_rescaled"),
            Case.changes("save.mask_truncated", "save.mask_truncated=true"),
            Case.changes("policy.model", "policy.model=OTHER_POLICY"),
            Case.changes("policy.chat_template", "policy.chat_template=TEMPLATE"),
            Case.changes(
                    "policy.chat_template_kwargs",
                    "policy.chat_template=READING",
                    "policy.chat_template_kwargs={twice:\u00a0true}"),
            Case.changes(
                    "policy.chat_template_date",
                    "policy.chat_template=READING",
                    "policy.chat_template_date=2024-01-01"),
            Case.changes("policy.learning_rate", "policy.learning_rate=6e-3"),
            Case.changes("policy.weight_decay", "policy.weight_decay=0.5"),
            Case.changes("policy.adam_beta1", "policy.adam_beta1=0.1"),
            Case.changes("policy.adam_beta2", "policy.adam_beta2=0.5"),
            Case.changes("policy.adam_epsilon", "policy.adam_epsilon=0.1"),
            Case.changes("policy.lr_scheduler_type", "policy.lr_scheduler_type=constant"),
            Case.changes("policy.warmup_steps", "policy.warmup_steps=1"),
            Case.changes("policy.min_lr_rate", "policy.min_lr_rate=0.5"),
            Case.changes("policy.max_grad_norm", "policy.max_grad_norm=1e-9"),
            Case.memory("policy.per_device_train_batch_size", "policy.per_device_train_batch_size=3"),
            Case.memory("policy.gradient_checkpointing", "policy.gradient_checkpointing=true"));

    private static final List<Case> REWARD_TRAINING = List.of(
            Case.changes("training.learning_rate", "training.learning_rate=6e-3"),
            Case.changes("training.weight_decay", "training.weight_decay=0.5"),
            Case.changes("training.adam_beta1", "training.adam_beta1=0.1"),
            Case.changes("training.adam_beta2", "training.adam_beta2=0.5"),
            Case.changes("training.adam_epsilon", "training.adam_epsilon=0.1"),
            Case.changes("training.lr_scheduler_type", "training.lr_scheduler_type=cosine training.min_lr_rate=0.3"),
            Case.changes("training.warmup_steps", "training.warmup_steps=1"),
            Case.changes("training.min_lr_rate", "training.min_lr_rate=0.5"),
            Case.changes("training.max_grad_norm", "training.max_grad_norm=1e-9"),
            Case.changes(
                    "training.num_train_epochs",
                    "training.max_steps=0",
                    "training.max_steps=0 training.num_train_epochs=2"),
            Case.changes("training.max_steps", "training.max_steps=3"),
            Case.changes("training.train_batch_size", "training.train_batch_size=6"),
            Case.memory("training.per_device_train_batch_size", "training.per_device_train_batch_size=3"),
            Case.memory("training.activation_memory_mb", "training.activation_memory_mb=1"),
            Case.memory("training.gradient_checkpointing", "training.gradient_checkpointing=true"),
            Case.changes("training.center_rewards_coefficient", "training.center_rewards_coefficient=0.1"),
            Case.changes("training.label_smoothing", "training.label_smoothing=0.1"),
            Case.changes("training.eval_steps", "training.eval_steps=1"),
            Case.changes("training.logging_steps", "training.logging_steps=2"),
            Case.changes("training.tensorboard", "training.tensorboard=true"),
            Case.changes("data.preferences", "data.preferences=FEWER"),
            Case.changes("data.eval_preferences", "data.eval_preferences=HELD"),
            Case.changes("data.eval_fraction", "!data.eval_preferences", "data.eval_fraction=0.5"),
            Case.changes("data.margin_column", "data.margin_column=margin"),
            Case.changes("data.max_length", "data.max_length=11"),
            Case.changes("data.long_pairs", "data.max_length=11", "data.long_pairs=truncate"),
            Case.changes(
                    "data.truncation_mode",
                    "data.max_length=11 data.long_pairs=truncate",
                    "data.truncation_mode=keep_end"),
            Case.changes("data.system_prompt", "reward_model.chat_template=TEMPLATE", "data.system_prompt=be"),
            Case.changes("data.shuffle", "data.shuffle=false"));

    @TempDir
    static Path folder;

    private static TinyWorld world;
    private static int runs;
    private static final Map<String, List<JsonNode>> DONE = new HashMap<>();

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
        world.write(
                "template.jinja",
                "{% for m in messages %}{{ m.content }}{% if m.role == 'user' %}. {% endif %}{% endfor %}");
        world.write(
                "reading.jinja",
                "{% set user = '. . ' if twice or strftime_now('%m') == '01' else '. ' %}"
                        + "{% for m in messages %}{{ m.content }}{% if m.role == 'user' %}{{ user }}{% endif %}{% endfor %}");
        half("pairs.jsonl", "fewer-pairs.jsonl");
        half("eval-pairs.jsonl", "held-pairs.jsonl");
        new RewardTrainer(world.rewardTraining("other")).run();
        new SaveTrainer(world.config("tuned")).run();
    }

    private static void half(String file, String target) {
        List<String> rows = RunFiles.lines(world.file(file));
        world.write(target, String.join("\n", rows.subList(0, rows.size() / 2)));
    }

    @TestFactory
    Stream<DynamicTest> trainingOptions() {
        return TRAIN.stream().map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, this::train)));
    }

    @TestFactory
    Stream<DynamicTest> rewardTrainingOptions() {
        return REWARD_TRAINING.stream()
                .map(c -> DynamicTest.dynamicTest(c.toString(), () -> check(c, this::rewardTraining)));
    }

    @Test
    void everyOptionHasACase() {
        assertThat(keys(TRAIN))
                .containsAll(options(TrainConfig.defaults(), "algorithm", "rollout", "reward_model", "save", "policy"));
        assertThat(keys(REWARD_TRAINING)).containsAll(options(RewardTrainingConfig.defaults(), "training", "data"));
    }

    private static List<String> keys(List<Case> cases) {
        return cases.stream().map(Case::key).distinct().toList();
    }

    private static TreeSet<String> options(Record defaults, String... sections) {
        try {
            JsonNode tree = new YAMLMapper().readTree(ConfigReader.write(defaults));
            TreeSet<String> keys = new TreeSet<>();
            for (String section : sections) {
                tree.get(section).fieldNames().forEachRemaining(key -> keys.add(section + "." + key));
            }
            return keys;
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private interface Runner {
        List<JsonNode> run(String options);
    }

    private void check(Case c, Runner runner) {
        List<JsonNode> base = runner.run(c.base);
        List<JsonNode> changed = runner.run(c.base + " " + c.changed);
        if (c.changes) {
            assertThat(changed).isNotEqualTo(base);
        } else {
            assertThat(changed).hasSameSizeAs(base);
            for (int i = 0; i < base.size(); i++) {
                assertClose(changed.get(i), base.get(i));
            }
        }
    }

    /** Equal up to 1e-5 of each number: the order of float32 sums, and what two Adam steps make of it. */
    private static void assertClose(JsonNode actual, JsonNode expected) {
        if (expected.isNumber()) {
            assertThat(actual.asDouble())
                    .isCloseTo(expected.asDouble(), within(1e-5 * Math.max(1, Math.abs(expected.asDouble()))));
        } else if (expected.isContainerNode()) {
            assertThat(actual.size()).isEqualTo(expected.size());
            for (int i = 0; i < expected.size() && expected.isArray(); i++) {
                assertClose(actual.get(i), expected.get(i));
            }
            expected.fieldNames().forEachRemaining(name -> assertClose(actual.get(name), expected.get(name)));
        } else {
            assertThat(actual).isEqualTo(expected);
        }
    }

    /** Later options win over earlier ones, {@code !key} takes a key of the base out. */
    private static List<String> split(String options) {
        Map<String, String> byKey = new LinkedHashMap<>();
        for (String option : options.trim().split(" ")) {
            String[] parts = option.split("=", 2);
            byKey.put(parts[0], option);
            if (option.startsWith("!")) {
                byKey.remove(option.substring(1));
            }
        }
        List<String> all = new ArrayList<>();
        byKey.values().stream()
                .filter(o -> !o.isEmpty())
                .forEach(o -> all.add(o.replace('\u00a0', ' ')
                        .replace("PAIRS", "" + folder.resolve("pairs.jsonl"))
                        .replace("FEWER", "" + folder.resolve("fewer-pairs.jsonl"))
                        .replace("HELD", "" + folder.resolve("held-pairs.jsonl"))
                        .replace("EVAL", "" + folder.resolve("eval-pairs.jsonl"))
                        .replace("TEMPLATE", "" + folder.resolve("template.jinja"))
                        .replace("READING", "" + folder.resolve("reading.jinja"))
                        .replace("OTHER_POLICY", "" + folder.resolve("tuned/policy"))
                        .replace("WITH_HEAD", "" + folder.resolve("tuned/reward_model"))
                        .replace("OTHER", "" + folder.resolve("other/final"))));
        return all;
    }

    private List<JsonNode> train(String options) {
        return DONE.computeIfAbsent("train " + options.trim(), key -> {
            String name = "run-" + runs++;
            new SaveTrainer(world.config(name, split(options))).run();
            List<JsonNode> seen = RunFiles.metrics(folder.resolve(name));
            RunFiles.lines(folder.resolve(name).resolve("samples.jsonl")).forEach(l -> seen.add(RunFiles.json(l)));
            return seen;
        });
    }

    private List<JsonNode> rewardTraining(String options) {
        return DONE.computeIfAbsent("rm " + options.trim(), key -> {
            String name = "run-" + runs++;
            new RewardTrainer(world.rewardTraining(name, split(options).toArray(String[]::new))).run();
            List<JsonNode> seen = RunFiles.metrics(folder.resolve(name));
            seen.add(RunFiles.json(
                    "{\"tensorboard\": " + Files.exists(folder.resolve(name).resolve("tensorboard")) + "}"));
            return seen;
        });
    }
}
