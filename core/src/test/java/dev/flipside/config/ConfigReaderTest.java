package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    private static final String MINIMAL =
            """
            policy: {model: policy-dir, learning_rate: 1e-5}
            reward_model: {model: rm-dir}
            data: {prompts: prompts.jsonl}
            """;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("config.yaml");
        Files.writeString(file, MINIMAL);
    }

    @Test
    void fileThenOverridesWinOverDefaults() {
        TrainConfig config = ConfigReader.train(
                file,
                List.of("run.max_steps=7", "rollout.stop=[END, \"\\n\\n\"]", "run.device=cpu", "save.margin_cap=0.5"));
        assertThat(config.policy().model()).isEqualTo("policy-dir");
        assertThat(config.policy().optimiser().learningRate()).isEqualTo(1e-5);
        assertThat(config.policy().optimiser().adamBeta2()).isEqualTo(0.999);
        assertThat(config.run().maxSteps()).isEqualTo(7);
        assertThat(config.rollout().stop()).containsExactly("END", "\n\n");
        assertThat(config.save().regularisation().marginCap()).hasValue(0.5);
        assertThat(config.algorithm().resolved().beta()).hasValue(0.0);
    }

    @Test
    void presetsSetTheirKeysAndGivenKeysWin() {
        List<String> guarded = List.of(
                "save.preset=guarded",
                "data.preferences=p.jsonl",
                "data.eval_preferences=e.jsonl",
                "save.centering=0.2");
        SaveConfig save = ConfigReader.train(file, guarded).save();
        assertThat(save.guarding().guard()).isEqualTo(GuardConfig.Guard.REPLAY);
        assertThat(save.regularisation().labelSmoothing()).isEqualTo(0.05);
        assertThat(save.gating().gate()).isEqualTo(GateConfig.Gate.MCNEMAR);
        assertThat(save.regularisation().centering()).isEqualTo(0.2);
        assertThat(ConfigReader.train(file, List.of("save.preset=off")).save().preset())
                .isEqualTo(SaveConfig.Preset.OFF);
    }

    @Test
    void whatIsWrittenReadsBackEqual() throws IOException {
        TrainConfig config = ConfigReader.train(
                file,
                List.of(
                        "save.gate=mcnemar",
                        "data.eval_preferences=e.jsonl",
                        "reward_model.functions=[{name: length, weight: 0.1, target: 5}]",
                        "eval.gold={name: exact}",
                        "policy.chat_template=t.jinja",
                        "policy.chat_template_kwargs={enable_thinking: false, effort: high, tags: [a, 1]}",
                        "reward_model.chat_template_date=2025-01-31"));
        Path again = folder.resolve("again.yaml");
        Files.writeString(again, ConfigReader.write(config));
        assertThat(ConfigReader.train(again, List.of())).isEqualTo(config);
        assertThat(ConfigReader.write(config))
                .contains("gate: \"mcnemar\"".replace("\"", ""))
                .contains("beta: null");
    }

    @Test
    void whatMayBeAbsentIsAlsoWrittenNone() throws IOException {
        assertThat(ConfigReader.train(file, List.of("reward_model.max_length=none", "save.margin_cap=none"))
                        .rewardModel()
                        .maxLength())
                .isEmpty();
        Path rm = Files.writeString(
                folder.resolve("rm.yaml"),
                "reward_model: {model: base}\ndata: {preferences: pairs.jsonl, max_length: none}\n");
        RewardTrainingConfig config = ConfigReader.rewardTraining(rm, List.of());
        assertThat(config.data().maxLength()).isEmpty();
        Path again = Files.writeString(folder.resolve("again.yaml"), ConfigReader.write(config));
        assertThat(ConfigReader.rewardTraining(again, List.of())).isEqualTo(config);
        assertThat(ConfigReader.rewardTraining(rm, List.of("data.max_length=64"))
                        .data()
                        .maxLength())
                .hasValue(64);
    }

    @Test
    void severalMissingKeysAreToldTogether() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.yaml"), "run: {max_steps: 1}\n");
        assertThatThrownBy(() -> ConfigReader.train(empty, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "policy.model, reward_model.model and data.prompts are missing; name a Hugging Face directory, the directory of a reward model and a file of prompts.");
        assertThatThrownBy(() -> ConfigReader.train(empty, List.of("save.preset=off", "data.prompts=p.jsonl")))
                .hasMessage("policy.model: is missing; name a Hugging Face directory.");
        Path none = Files.writeString(folder.resolve("none.yaml"), "training: {max_steps: 1}\n");
        assertThatThrownBy(() -> ConfigReader.rewardTraining(none, List.of()))
                .hasMessage(
                        "reward_model.model and data.preferences are missing; name a Hugging Face directory and a file of labelled pairs.");
    }

    @Test
    void oneKeyOfAMapIsSetAndItsOthersStay() throws IOException {
        Files.writeString(file, MINIMAL.replace("policy: {", "policy: {lora: {r: 8, use_dora: true}, "));
        LoraConfig lora = ConfigReader.train(file, List.of("policy.lora.r=2", "policy.lora.lora_alpha=3"))
                .policy()
                .lora()
                .orElseThrow();
        assertThat(lora.r()).isEqualTo(2);
        assertThat(lora.loraAlpha()).isEqualTo(3);
        assertThat(lora.useDora()).isTrue();
        assertThat(ConfigReader.train(file, List.of("policy.lora=null", "policy.lora.r=2"))
                        .policy()
                        .lora()
                        .orElseThrow()
                        .useDora())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "rnu.seed=1 | there is no section 'rnu' (did you mean 'run'?)",
                "training.max_steps=1 | there is no section 'training', which is one of a file for `flipside train-rm`; sections",
                "arms.frozen={} | there is no section 'arms', which is one of a file for `flipside compare`; sections",
                "run.sede=1 | there is no key 'run.sede' (did you mean 'seed'?)",
                "run.learning_rate=1 | there is no key 'run.learning_rate' (there is policy.learning_rate or save.learning_rate); docs",
                "policy.warmup_ratio=0.1 | there is no key 'policy.warmup_ratio' (warmup_steps is a number of steps)",
                "run.gradient_accumulation_steps=4 | (rollout.generation_batch_size says how much is sampled",
                "data.max_prompt_length=512 | (prompts are never cut, and data.long_prompts: drop leaves those out",
                "run.num_train_epochs=2 | (run.max_steps says how long",
                "run.bf16=true | (run.dtype is float32 or bfloat16)",
                "run.report_to=wandb | (logging.tensorboard is true or false",
                "run.max_steps=many | run.max_steps: 'many' is not a whole number",
                "policy.chat_template_date=31.1.2025 | chat_template_date '31.1.2025' is not a day; write it as yyyy-mm-dd",
                "policy.chat_template_kwargs=fast | policy.chat_template_kwargs: 'fast' is not",
                "run.seed=99999999999999999999 | run.seed: '99999999999999999999' is not a whole number of at most 9223372036854775807",
                "logging.samples_max_mb=99999999999 | logging.samples_max_mb: '99999999999' is not a whole number of at most 2147483647",
                "rollout.suppress_tokens=[3, 2147483648] | rollout.suppress_tokens.[1]: '2147483648' is not a whole number of at most 2147483647",
                "policy.lora={trainable_token_indices: [2147483648]} | '2147483648' is not a whole number of at most 2147483647",
                "run.max_steps=1.5 | run.max_steps: '1.5' is not a whole number",
                "run.resume=perhaps | run.resume: 'perhaps' is not true or false",
                "save.filter=sdt | save.filter: 'sdt' is not one of std, absolute, fraction, none",
                "policy.learning_rate= | policy.learning_rate: ",
                "rollout.num_generations=1 | advantages need a group of at least 2",
                "rollout.generation_batch_size=20 | is not a multiple of rollout.num_generations (8)",
                "algorithm.name=gspo | gspo needs algorithm.epsilon",
                "algorithm.delta=1.1 | algorithm.delta: 1.1 bounds a ratio that algorithm.epsilon_high clips at 1.2 already",
                "rollout.top_p=0 | rollout.top_p: 0.0 is outside (0, 1.0]",
                "save.anchor_mix=0.2 | save.anchor_mix: 0.2 has no effect, because save.anchor is not mixture",
                "save.anchor_noise=-1 | save.anchor_noise: -1.0 is outside [0.0, 1000000.0]",
                "save.gate_alpha=0.01 | save.gate_alpha: 0.01 has no effect, because save.gate is off",
                "save.gate=mcnemar;save.gate_pairs=trusted | data.trusted_preferences: save.gate mcnemar compares accuracy on trusted",
                "save.gate_pairs=trusted | save.gate_pairs: trusted has no effect, because save.gate is off",
                "save.gate=mcnemar;save.gate_pairs=trusted;save.guard=replay;save.guard_memory=trusted;data.trusted_preferences=t | save.gate_pairs: trusted are the pairs",
                "save.gate=mcnemar | data.eval_preferences: save.gate mcnemar",
                "save.guard=replay | data.preferences: save.guard replay needs the labelled pairs of save.guard_memory preferences",
                "save.guard=project;save.guard_memory=trusted | data.trusted_preferences: save.guard project",
                "save.replay_weight=1 | save.replay_weight: 1 has no effect, because save.guard is off",
                "save.residualise=length | save.residualise: 'length' is not a list; put it in [brackets].",
                "rollout.stop=END | rollout.stop: 'END' is not a list; put it in [brackets].",
                "save.guard_balance=[length] | save.guard_balance: [\"length\"] has no effect, because save.guard is off",
                "save.preset=auto;save.guard=off | save.guard: off leaves save.preset auto nothing to hold the reward model to",
                "save.preset=auto | data.preferences: save.guard project needs the labelled pairs",
                "save.residualise=[length, length] | save.residualise: it names one of its values twice",
                "save.guard_batch=64 | save.guard_batch: 64 has no effect, because save.guard is off",
                "save.guard=project;data.preferences=p;save.replay_weight=1 | save.replay_weight: 1 has no effect, because save.guard is project",
                "save.guard=project;data.preferences=p;data.trusted_preferences=t | data.trusted_preferences: t has no effect, because save.guard_memory is preferences",
                "save.guard=project;data.preferences=p;save.contrast_weight=0 | save.contrast_weight: 0 together with save.guard project",
                "save.labels=gold | eval.gold: save.labels gold",
                "reward_model.model=null | reward_model.model: the SAVE update",
                "algorithm.kl_estimator=k2 | algorithm.kl_estimator: k2 has no effect, because algorithm.beta is 0",
                "algorithm.steps_per_generation=9 | 9 mini-batches cannot be made of 8 prompts",
                "nonsense | 'nonsense' is not an override",
                "run.seed={ | is not valid YAML",
                "policy.lora.rank=3 | policy.lora.rank: there is no such key; keys there are",
                "policy.lora=yes | policy.lora: 'yes' is not a map of keys",
                "policy.lora.r=0 | policy.lora.r: 0 is no rank",
                "run.seed.a=1 | run.seed: ",
                "policy.model= | policy.model: there is no value; write one, or remove the key",
                "data.prompts=null | data.prompts: there is no value",
                "save.anchor= | save.anchor: there is no value",
                "run.device= | run.device: there is no value",
                "rollout.stop= | rollout.stop: there is no value",
            })
    void mistakesAreNamed(String override, String message) {
        assertThatThrownBy(() -> ConfigReader.train(file, List.of(override.split(";"))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message);
    }

    @Test
    void anEmptySystemPromptAndASideOfNothingAreMistakes() throws IOException {
        assertThatThrownBy(() -> ConfigReader.train(file, List.of("data.system_prompt=' '")))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.system_prompt: it is empty");
        assertThat(ConfigReader.train(file, List.of("data.system_prompt=Be brief."))
                        .data()
                        .systemPrompt())
                .hasValue("Be brief.");
        Path reward = Files.writeString(
                file.resolveSibling("rm.yaml"), "reward_model:\n  model: m\ndata:\n  preferences: p.jsonl\n");
        assertThatThrownBy(() -> ConfigReader.rewardTraining(reward, List.of("data.truncation_mode=keep_end")))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(
                        "data.truncation_mode: keep_end has no effect, because data.long_pairs is drop");
    }

    @Test
    void controlsThatExcludeOptionsSaySo() {
        assertThatThrownBy(() -> ConfigReader.train(file, List.of("save.samples=initial", "save.candidates=rescore")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("save.candidates: rescore has no effect, because save.samples is initial");
        assertThatThrownBy(() ->
                        ConfigReader.train(file, List.of("save.scored_by=initial_rescaled", "save.anchor=frozen")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("save.scored_by: initial_rescaled")
                .hasMessageContaining("choose another anchor");
        assertThat(ConfigReader.train(file, List.of("save.samples=initial"))
                        .plan()
                        .keepsReference())
                .isTrue();
        assertThat(ConfigReader.train(file, List.of()).plan().keepsReference()).isFalse();
        assertThat(ConfigReader.train(file, List.of("algorithm.beta=0.1"))
                        .plan()
                        .keepsReference())
                .isTrue();
    }

    @Test
    void theGuardSaysWhichPairsItNeeds() {
        assertThat(ConfigReader.plan(file, List.of()).guardMemory()).isEmpty();
        assertThat(ConfigReader.plan(file, List.of("save.preset=guarded")).guardMemory())
                .hasValue(GuardConfig.Memory.PREFERENCES);
        assertThat(ConfigReader.plan(file, List.of("save.preset=guarded", "save.guard=off"))
                        .guardMemory())
                .isEmpty();
        assertThat(ConfigReader.plan(file, List.of("save.guard=project", "save.guard_memory=trusted"))
                        .guardMemory())
                .hasValue(GuardConfig.Memory.TRUSTED);
        assertThat(ConfigReader.plan(file, List.of("save.preset=off", "save.guard=replay"))
                        .guardMemory())
                .isEmpty();
    }

    @Test
    void autoMakesUseOfTheFilesThatThereAre() {
        List<String> labelled = List.of("save.preset=auto", "data.preferences=p.jsonl");
        SaveConfig save = ConfigReader.train(file, labelled).save();
        assertThat(save.guarding().guard()).isEqualTo(GuardConfig.Guard.PROJECT);
        assertThat(save.guarding().guardMemory()).isEqualTo(GuardConfig.Memory.PREFERENCES);
        assertThat(save.gating()).isEqualTo(GateConfig.defaults());
        List<String> all = List.of(
                "save.preset=auto",
                "data.preferences=p.jsonl",
                "data.trusted_preferences=t.jsonl",
                "data.eval_preferences=h.jsonl",
                "save.gate_alpha=0.2");
        TrainConfig rich = ConfigReader.train(file, all);
        assertThat(rich.save().guarding().guard()).isEqualTo(GuardConfig.Guard.PROJECT_REPLAY);
        assertThat(rich.save().guarding().guardMemory()).isEqualTo(GuardConfig.Memory.TRUSTED);
        assertThat(rich.save().gating())
                .isEqualTo(new GateConfig(GateConfig.Gate.MCNEMAR, GateConfig.Pairs.HELD_OUT, 0.2, 5));
        assertThat(rich.plan().readsPreferences()).isTrue();
        assertThat(rich.plan().readsTrusted()).isTrue();
    }

    @Test
    void aProjectionTakesMorePairsThanReplay() {
        assertThat(SaveConfig.of(SaveConfig.Preset.GUARDED, Set.of()).guarding().batch())
                .isEqualTo(16);
        List<String> projected = List.of("save.guard=project_replay", "data.preferences=p.jsonl");
        assertThat(ConfigReader.train(file, projected).save().guarding().batch())
                .isEqualTo(64);
    }

    /** An arm that freezes the reward model must not need a file without the keys of the others. */
    @Test
    void inAnArmKeysOfTheFileWithoutEffectGoBackToTheirDefaults() throws IOException {
        Files.writeString(
                file,
                MINIMAL + "save:\n  learning_rate: 1.0e-5\n  calibration_prompts: 4\neval:\n  frozen_twin: true\n");
        List<String> shared = List.of("save.filter_threshold=1.0");
        List<String> frozen = List.of("save.preset=off");

        TrainConfig arm = ConfigReader.train(file, shared, frozen);

        assertThat(arm.save().update().learningRate())
                .isEqualTo(TrainConfig.defaults().save().update().learningRate());
        assertThat(arm.save().filtering().filterThreshold())
                .isEqualTo(TrainConfig.defaults().save().filtering().filterThreshold());
        assertThat(arm.eval().frozenTwin()).isFalse();
        TrainConfig learning = ConfigReader.train(file, shared, List.of());
        assertThat(learning.save().update().learningRate()).isEqualTo(1e-5);
        assertThat(learning.save().filtering().filterThreshold()).isEqualTo(1.0);
        // What the arm itself asks for in vain is a mistake as ever.
        assertThatThrownBy(() -> ConfigReader.train(file, shared, List.of("save.preset=off", "save.anchor_mix=0.3")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("save.anchor_mix: 0.3 has no effect");
        assertThatThrownBy(() -> ConfigReader.train(file, frozen)).isInstanceOf(UserError.class);
    }

    @Test
    void keysWithoutEffectUnderAnAlgorithmAreErrors() {
        assertThatThrownBy(() -> ConfigReader.train(file, List.of("algorithm.name=rloo", "algorithm.loss_type=dapo")))
                .hasMessageContaining("algorithm.loss_type: dapo has no effect, because rloo averages over sequences");
        assertThatThrownBy(() -> ConfigReader.train(file, List.of("save.preset=off", "save.filter_threshold=1")))
                .hasMessageContaining("save.filter_threshold: 1 has no effect, because save.preset is off");
    }

    @Test
    void brokenFilesAreNamedWithTheirLine() throws IOException {
        Files.writeString(file, "policy:\n  model: a\n  model: b\n");
        assertThatThrownBy(() -> ConfigReader.train(file, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("line 3");
        Files.writeString(file, "policy: [1, 2]\n");
        assertThatThrownBy(() -> ConfigReader.train(file, List.of()))
                .hasMessageContaining("section 'policy' must hold keys");
        assertThatThrownBy(() -> ConfigReader.train(folder.resolve("none.yaml"), List.of()))
                .hasMessageContaining("does not exist");
    }
}
