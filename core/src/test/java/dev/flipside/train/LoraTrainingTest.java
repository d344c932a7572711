package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters in the two trainings: what they leave, and that a stopped run goes on to the bit. */
class LoraTrainingTest {
    private static final String POLICY_LORA = "policy.lora={r: 3, lora_alpha: 6, lora_dropout: 0.2}";

    @TempDir
    static Path folder;

    private static TinyWorld world;

    /** A reward model as an adapter on the policy's base. */
    private static Path rewardAdapter;

    @BeforeAll
    static void trainARewardModel() {
        world = new TinyWorld(folder);
        rewardAdapter = new RewardTrainer(
                        world.rewardTraining(
                                "reward-adapter",
                                "reward_model.model=" + world.policy(),
                                "reward_model.lora={r: 4, target_modules: [q_proj, v_proj, down_proj], lora_dropout: 0.1, use_dora: true}"))
                .run()
                .folder()
                .resolve("final");
    }

    private static List<String> guarded(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "save.preset=guarded",
                "save.guard=project_replay",
                "save.guard_batch=4",
                "algorithm.beta=0.1",
                "run.rounds=2",
                "run.max_steps=3",
                "run.save_steps=2",
                "data.preferences=" + world.file("pairs.jsonl"),
                "data.eval_preferences=" + world.file("eval-pairs.jsonl"),
                "data.eval_prompts=" + world.file("eval-prompts.jsonl"),
                "eval.frozen_twin=true",
                "save.anchor=frozen"));
        all.addAll(List.of(more));
        return all;
    }

    private static Path run(String name, List<String> options, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        return new SaveTrainer(world.config(name, options))
                .stopWhen(() -> steps.incrementAndGet() >= stopAfter)
                .run()
                .folder();
    }

    @Test
    void theRewardTrainerLeavesAnAdapter() {
        assertThat(rewardAdapter.resolve("model.safetensors")).doesNotExist();
        assertThat(rewardAdapter.resolve("adapter_model.safetensors")).exists();
        assertThat(rewardAdapter.resolve("value_head.safetensors")).exists();
        assertThat(rewardAdapter.resolve("tokenizer.json")).exists();
        try (RewardModel model = RewardModel.load(rewardAdapter, Device.CPU)) {
            assertThat(model.hasValueHead()).isTrue();
            assertThat(model.lora().orElseThrow().useDora()).isTrue();
            assertThat(model.score(List.of(new ScoredRow(new int[] {1, 5, 9}, 2)))
                            .rewards()[0])
                    .isFinite();
        }
        Path further = new RewardTrainer(world.rewardTraining("further", "reward_model.model=" + rewardAdapter))
                .run()
                .folder()
                .resolve("final");
        try (RewardModel model = RewardModel.load(further, Device.CPU)) {
            assertThat(model.relativeChange(rewardAdapter)).isBetween(1e-6, 0.5);
        }
    }

    /**
     * In the first round, at its end, and in the second round, whose reference and initial reward model are adapters
     * too.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4})
    void aStoppedRunOnOneBackboneEndsInTheSameBytes(int stopAfter) {
        List<String> options = guarded(POLICY_LORA, "reward_model.model=" + rewardAdapter);
        Path whole = folder.resolve("whole");
        if (!whole.toFile().exists()) {
            run("whole", options, Integer.MAX_VALUE);
        }
        Path stopped = run("stopped-" + stopAfter, options, stopAfter);
        List<String> resumed = new ArrayList<>(options);
        resumed.add("run.resume=true");
        run("stopped-" + stopAfter, resumed, Integer.MAX_VALUE);
        RunFiles.assertSameResult(stopped, whole);
        assertLearnt(whole);
        try (CausalLm policy = CausalLm.load(whole.resolve("policy"), Device.CPU);
                RewardModel reward = RewardModel.load(
                        whole.resolve("reward_model"),
                        Device.CPU,
                        dev.flipside.model.Precision.FLOAT32,
                        policy.backbone())) {
            assertThat(reward.sharesBackbone()).isTrue();
            assertThat(policy.relativeChange(world.policy())).isGreaterThan(1e-6);
        }
    }

    private static void assertLearnt(Path run) {
        List<JsonNode> metrics = RunFiles.metrics(run);
        JsonNode last = metrics.get(metrics.size() - 1);
        assertThat(last.get("loss").isNumber()).isTrue();
        assertThat(last.get("policy/weight_change").doubleValue()).isGreaterThan(1e-6);
        assertThat(last.get("save/rm_weight_change").doubleValue()).isGreaterThan(1e-6);
        assertThat(run.resolve("policy/adapter_config.json")).exists();
        assertThat(run.resolve("policy/model.safetensors")).doesNotExist();
    }

    /** Both from whole models: the policy and the reward model have bases of their own. */
    @Test
    void newAdaptersOnWholeModels() {
        List<String> options = List.of(
                "policy.lora={r: 2, modules_to_save: [lm_head]}", "reward_model.lora={r: 2}", "run.save_steps=1");
        Path whole = run("own", options, Integer.MAX_VALUE);
        assertLearnt(whole);
        Path stopped = run("own-stopped", options, 1);
        List<String> resumed = new ArrayList<>(options);
        resumed.add("run.resume=true");
        run("own-stopped", resumed, Integer.MAX_VALUE);
        RunFiles.assertSameResult(stopped, whole);
        // An adapter goes on in another run with its own options.
        Path next = run("next", List.of("policy.model=" + whole.resolve("policy"), "algorithm.beta=0.1"), 99);
        try (CausalLm policy = CausalLm.load(next.resolve("policy"), Device.CPU)) {
            assertThat(policy.lora().orElseThrow().modulesToSave()).containsExactly("lm_head");
            assertThat(policy.relativeChange(whole.resolve("policy"))).isGreaterThan(1e-6);
        }
    }

    /**
     * Updated vocabulary matrices, biases, patterns, and weights whose part was taken out and is made again from the
     * base.
     */
    @Test
    void aStoppedRunWithOtherKindsOfAdaptersEndsInTheSameBytes() {
        List<String> options = List.of(
                "policy.lora={r: 2, target_modules: [q_proj, embed_tokens, lm_head], bias: all, alpha_pattern: {q_proj: 8}}",
                "reward_model.lora={r: 2, init_lora_weights: pissa, rank_pattern: {o_proj: 3}}",
                "run.save_steps=1");
        Path whole = run("kinds", options, Integer.MAX_VALUE);
        assertLearnt(whole);
        Path stopped = run("kinds-stopped", options, 1);
        List<String> resumed = new ArrayList<>(options);
        resumed.add("run.resume=true");
        run("kinds-stopped", resumed, Integer.MAX_VALUE);
        RunFiles.assertSameResult(stopped, whole);
    }

    @Test
    void dropoutLeavesTheSampledLogprobsAlone() {
        Path run = run("dropout", List.of(POLICY_LORA, "run.max_steps=1"), 99);
        JsonNode step = RunFiles.metrics(run).stream()
                .filter(m -> m.get("step").intValue() == 1)
                .findFirst()
                .orElseThrow();
        // What a sampler's and a trainer's log-probabilities may differ by in float32; dropout would move them by far
        // more.
        assertThat(step.get("sampling/sampling_logp_difference/max").doubleValue())
                .isLessThan(1e-4);
    }

    @Test
    void mergeAndBack() {
        Path adapter = folder.resolve("to-merge");
        try (CausalLm policy = CausalLm.adapted(
                world.policy(),
                new dev.flipside.config.LoraConfig(2, 4.0, 0.0, null, null, false, false),
                new dev.flipside.engine.Seeds(1),
                Device.CPU,
                dev.flipside.model.Precision.FLOAT32)) {
            try (var scope = dev.flipside.engine.Scopes.frozen()) {
                policy.parameters().flat().add_(dev.flipside.engine.Tensors.scalar(0.1));
            }
            policy.save(adapter, WeightType.F32);
        }
        Path merged = folder.resolve("merged");
        Path back = folder.resolve("back");
        assertThat(AdapterMerge.merge(adapter, merged, WeightType.F32)).isEqualTo(AdapterMerge.Kind.LANGUAGE_MODEL);
        AdapterMerge.unmerge(merged, adapter, back, WeightType.F32);
        try (CausalLm model = CausalLm.load(merged, Device.CPU);
                CausalLm base = CausalLm.load(back, Device.CPU)) {
            assertThat(model.relativeChange(world.policy())).isGreaterThan(0.01);
            // Adding and taking away rounds each weight to float32 twice, relative to weights of size 1.
            assertThat(base.relativeChange(world.policy())).isLessThan(1e-6);
        }
        assertThat(AdapterMerge.merge(rewardAdapter, folder.resolve("merged-reward"), WeightType.F32))
                .isEqualTo(AdapterMerge.Kind.REWARD_MODEL);
        assertThat(folder.resolve("merged-reward/value_head.safetensors")).exists();
        assertThatThrownBy(() -> AdapterMerge.merge(adapter, merged, WeightType.F32))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("exists already");
        assertThatThrownBy(() -> AdapterMerge.merge(world.policy(), folder.resolve("x"), WeightType.F32))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no adapter_config.json");
    }

    @Test
    void mistakesAreNamed() {
        assertRefused("policy.lora.r: 0 is no rank", "policy.lora={r: 0}");
        assertRefused("reward_model.lora.lora_dropout: 1.0 must be a share", "reward_model.lora={lora_dropout: 1.0}");
        assertRefused(
                "policy.lora: target_modules: there is no linear module 'c_attn' in",
                "policy.lora={target_modules: c_attn}");
        assertRefused(
                "reward_model.lora: " + rewardAdapter + " is an adapter already",
                "reward_model.model=" + rewardAdapter,
                "reward_model.lora={}");
        assertRefused("policy.lora.rank: there is no such key", "policy.lora={rank: 8}");
        assertRefused(
                "policy.lora.alpha_pattern.q_proj: 0.0 must be above 0", "policy.lora={alpha_pattern: {q_proj: 0}}");
        assertRefused("policy.lora.rank_pattern: 'q_(' is no regular", "policy.lora={rank_pattern: {q_(: 2}}");
        assertRefused("policy.lora.lora_bias: PEFT has it for LoRA", "policy.lora={lora_bias: true, use_dora: true}");
        assertRefused(
                "policy.lora.use_dora: PEFT has no DoRA with", "policy.lora={init_lora_weights: mica, use_dora: true}");
        assertRefused("policy.lora.trainable_token_indices: [-1]", "policy.lora={trainable_token_indices: [-1]}");
    }

    private static void assertRefused(String message, String... options) {
        assertThatThrownBy(() -> new SaveTrainer(world.config("refused", options)).run())
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(message);
        assertThat(folder.resolve("refused")).doesNotExist();
    }
}
