package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.TinyModels;
import dev.flipside.model.TokenRow;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ten steps of SAVE on small random models of different architectures: finite, resumable to the byte, exported, loaded
 * again.
 */
class ArchitecturesTest {
    /** What config.json has besides what all share. */
    private static final Map<String, Consumer<ObjectNode>> CONFIGS = Map.of(
            "llama", c -> {},
            "qwen3", c -> c.put("tie_word_embeddings", true),
            // A window of 5 is shorter than prompt and completion.
            "gemma3_text",
                    c -> c.put("query_pre_attn_scalar", 8)
                            .put("sliding_window", 5)
                            .putArray("layer_types")
                            .add("sliding_attention")
                            .add("full_attention"),
            "gpt_neox", c -> c.put("rotary_pct", 0.5).put("hidden_act", "gelu"),
            "mixtral",
                    c -> c.put("num_local_experts", 4)
                            .put("output_router_logits", true)
                            .put("router_aux_loss_coef", 0.1));

    private static final List<String> OPTIONS = List.of("run.max_steps=10", "run.save_steps=4", "save.preset=guarded");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3", "gemma3_text", "gpt_neox", "mixtral"})
    void aRunIsFiniteResumableExportedAndLoadedAgain(String modelType) throws IOException {
        TinyWorld world = new TinyWorld(folder);
        untrained(world, modelType);
        Recorder recorder = new Recorder();
        TrainingResult whole = new SaveTrainer(world.config("whole", options(world, false)))
                .listener(recorder)
                .run();
        assertThat(whole.completed()).isTrue();
        for (long step = 1; step <= 10; step++) {
            assertThat(recorder.metric(step, "loss")).isFinite();
            assertThat(recorder.metric(step, "grad_norm")).isFinite();
            assertThat(recorder.metric(step, "save/rm_grad_norm")).isFinite().isPositive();
            if (modelType.equals("mixtral")) {
                // 1 when all experts are used alike.
                assertThat(recorder.metric(step, "aux_loss")).isBetween(0.9, 4.0);
            }
        }

        AtomicInteger steps = new AtomicInteger();
        TrainingResult stopped = new SaveTrainer(world.config("stopped", options(world, false)))
                .stopWhen(() -> steps.incrementAndGet() >= 6)
                .run();
        assertThat(stopped.completed()).isFalse();
        assertThat(new SaveTrainer(world.config("stopped", options(world, true)))
                        .run()
                        .completed())
                .isTrue();
        RunFiles.assertSameResult(stopped.folder(), whole.folder());
        assertLoadedAgain(world, whole.folder());
    }

    private static List<String> options(TinyWorld world, boolean resume) {
        List<String> all = new ArrayList<>(OPTIONS);
        all.add("data.preferences=" + world.file("pairs.jsonl"));
        all.add("data.eval_preferences=" + world.file("eval-pairs.jsonl"));
        if (resume) {
            all.add("run.resume=true");
        }
        return all;
    }

    private static void assertLoadedAgain(TinyWorld world, Path run) {
        int[] ids = {1, 5, 9, 4, 12, 7, 8, 20, 6};
        try (CausalLm before = CausalLm.load(world.policy(), Device.CPU);
                CausalLm after = CausalLm.load(run.resolve("policy"), Device.CPU);
                RewardModel rewardBefore = RewardModel.load(world.rewardModel(), Device.CPU);
                RewardModel rewardAfter = RewardModel.load(run.resolve("reward_model"), Device.CPU)) {
            TokenRow row = new TokenRow(ids, 3);
            double[] trained = after.logprobs(List.of(row), 1).logprobs()[0];
            assertThat(Arrays.stream(trained).allMatch(p -> p < 0)).isTrue();
            assertThat(trained).isNotEqualTo(before.logprobs(List.of(row), 1).logprobs()[0]);
            ScoredRow scored = new ScoredRow(ids, 3);
            assertThat(rewardAfter.hasValueHead()).isTrue();
            assertThat(rewardAfter.score(List.of(scored)).rewards()[0])
                    .isFinite()
                    .isNotEqualTo(rewardBefore.score(List.of(scored)).rewards()[0]);
        }
    }

    /** Puts models of the family in the place of the world's. */
    private static void untrained(TinyWorld world, String modelType) throws IOException {
        for (Path directory : List.of(world.policy(), world.rewardModel())) {
            TinyModels.of(modelType)
                    .config(c -> c.put("vocab_size", 32)
                            .put("hidden_size", 16)
                            .put("intermediate_size", 24)
                            .put("num_attention_heads", 2)
                            .put("num_key_value_heads", modelType.equals("gpt_neox") ? 2 : 1)
                            .put("pad_token_id", 3)
                            .put("num_labels", 1)
                            .put("initializer_range", 0.3))
                    .config(CONFIGS.get(modelType))
                    .writeConfig(directory);
            Files.delete(directory.resolve("model.safetensors"));
        }
        try (CausalLm policy = CausalLm.untrained(world.policy(), Device.CPU, new Seeds(3));
                CausalLm backbone = CausalLm.untrained(world.rewardModel(), Device.CPU, new Seeds(4))) {
            policy.save(world.policy(), WeightType.F32);
            backbone.save(world.rewardModel(), WeightType.F32);
        }
        try (RewardModel model = RewardModel.fromBackbone(world.rewardModel(), Device.CPU, new Seeds(5))) {
            model.save(world.rewardModel(), WeightType.F32, 3);
        }
    }
}
