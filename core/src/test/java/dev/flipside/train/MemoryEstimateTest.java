package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.ConfigReader;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.DecoderPlan;
import dev.flipside.model.PassSize;
import dev.flipside.model.Precision;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.train.MemoryEstimate.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryEstimateTest {
    /** V 1000, D 8, F 16, 2 layers, 4 heads over 2 KV heads of size 2. */
    private static final DecoderConfig CONFIG = config(1000);

    private static final DecoderPlan PLAN = new DecoderPlan(CONFIG, Device.CPU, Precision.FLOAT32);
    private static final Device GPU = new Device("cuda:0");

    @TempDir
    Path folder;

    private static DecoderConfig config(int vocabulary) {
        return DecoderConfig.builder("llama", 2, 4, 2, 2)
                .widths(vocabulary, 8, 16, 512)
                .tiedHead(true)
                .build();
    }

    private TrainConfig config(String... overrides) throws IOException {
        Path file = Files.writeString(
                folder.resolve("train.yaml"),
                """
                policy: {model: m, per_device_train_batch_size: 4}
                reward_model: {model: r, per_device_batch_size: 2}
                data: {prompts: p, eval_preferences: e, preferences: q}
                rollout: {generation_batch_size: 16, num_generations: 4, max_completion_length: 20, max_rows: 10}
                save: {guard: replay}
                """);
        return ConfigReader.train(file, List.of(overrides));
    }

    @Test
    void everyPartIsCountedByHand() throws IOException {
        MemoryEstimate estimate = MemoryEstimate.ofTraining(
                config("algorithm.beta=0.1"),
                new ModelSize(CONFIG, 1000),
                Optional.of(new ModelSize(CONFIG, 500)),
                30,
                Device.CPU,
                Precision.FLOAT32);

        // Rows: two groups of 4 fit into 10. A token has 2 layers x (K and V) x 2 heads x 2 = 16 numbers. 50 tokens.
        // A layer keeps 2*8 + (4 + 2*2)*2 + 4*2 + 2*16 = 72 numbers per token, both ends 2*8, of 4 x 50 tokens in 2
        // layers; a
        // backward pass makes 4*16 + 4*8 + 2*(4 + 2*2)*2 = 128 more. All 200 positions fit one block of scores.
        assertThat(estimate.parts())
                .containsExactly(
                        new Part("program and libraries", 350 << 20),
                        new Part("policy weights", 4000),
                        new Part("policy gradients", 4000),
                        new Part("policy AdamW moments", 8000),
                        new Part("reference policy", 4000),
                        new Part("reward model weights", 2000),
                        new Part("reward model gradients", 2000),
                        new Part("reward model AdamW moments", 4000),
                        new Part("packed copy of the policy", 4000),
                        new Part("key-value cache", 8 * 16 * 50 * 4),
                        new Part("activations of a pass", 200 * (16 + 2 * 72 + 128) * 4),
                        new Part("vocabulary scores", 3 * 200 * 1000 * 4));
        // Sampling, which takes less, is over when training begins.
        assertThat(estimate.total())
                .isEqualTo(estimate.parts().stream().mapToLong(Part::bytes).sum() - 4000 - 8 * 16 * 50 * 4);
    }

    @Test
    void anAdapterLearnsAloneAndSharesItsBackbone() throws IOException {
        MemoryEstimate estimate = MemoryEstimate.ofTraining(
                config("algorithm.beta=0.1", "save.gate=mcnemar", "save.guard=project"),
                new ModelSize(CONFIG, 1000, 10, false),
                Optional.of(new ModelSize(CONFIG, 1000, 20, true)),
                30,
                Device.CPU,
                Precision.FLOAT32);

        assertThat(estimate.parts())
                .contains(
                        new Part("policy weights", 4000),
                        new Part("policy adapter", 40),
                        new Part("policy gradients", 40),
                        new Part("policy AdamW moments", 80),
                        new Part("reference policy", 40),
                        new Part("reward model adapter", 80),
                        new Part("reward model gradients", 80),
                        new Part("guard: the update's own gradient", 80),
                        new Part("gate: weights and moments to roll back to", 240))
                .noneMatch(part -> part.name().equals("reward model weights"));
    }

    @Test
    void optionsAddAndRemoveWhatTheyCost() throws IOException {
        assertThat(names(config())).doesNotContain("reference policy");
        assertThat(names(config("save.gate=mcnemar"))).contains("gate: weights and moments to roll back to");
        assertThat(names(config("save.anchor=frozen"))).contains("initial reward model");
        assertThat(names(config("save.scored_by=initial_rescaled"))).contains("initial reward model");
        assertThat(names(config("eval.frozen_twin=true", "data.eval_prompts=p")))
                .contains("initial reward model");
        assertThat(names(config("save.samples=initial"))).contains("reference policy");
    }

    @Test
    void aLargeVocabularyIsHeldInChunks() throws IOException {
        DecoderConfig large = config(1 << 20);
        long scores = part(
                MemoryEstimate.ofTraining(
                        config(), new ModelSize(large, 1), Optional.empty(), 30, Device.CPU, Precision.FLOAT32),
                "vocabulary scores");

        assertThat(scores).isEqualTo(3L * (1 << 21) * 4);
    }

    @Test
    void checkpointingKeepsEveryLayersInputAndOneLayer() {
        PassSize whole = new PassSize(768, false);
        // 2*8 for both ends; an input is 8, a block's rest 64, its backward pass 128.
        assertThat(MemoryEstimate.activations(PLAN, 10, 10, new PassSize(768, true)))
                .isEqualTo(4 * 10 * (16 + 2 * 8 + 64 + 128));
        assertThat(MemoryEstimate.activations(PLAN, 10, 10, whole)).isEqualTo(4 * 10 * (16 + 2 * 72 + 128));
        // However large a batch, its passes are bounded.
        assertThat(MemoryEstimate.activations(PLAN, 1 << 20, 100, whole))
                .isEqualTo(MemoryEstimate.activations(PLAN, 4096, 100, whole));
        // A token keeps 160 floats: a MiB holds 1638 of them.
        assertThat(new PassSize(1, false).tokens(PLAN)).isEqualTo(1638);
        assertThat(MemoryEstimate.activations(PLAN, 4096, 100, new PassSize(1, false)))
                .isEqualTo(4 * 1638 * (160 + 128));
    }

    /** No way of the CPU applies on a GPU: autograd keeps more, and nothing is packed. */
    @Test
    void otherDevicesAndPrecisionsAreCountedByTheirOwnWay() throws IOException {
        ModelSize shape = new ModelSize(CONFIG, 1000);
        MemoryEstimate single =
                MemoryEstimate.ofTraining(config(), shape, Optional.empty(), 30, GPU, Precision.FLOAT32);
        MemoryEstimate half = MemoryEstimate.ofTraining(config(), shape, Optional.empty(), 30, GPU, Precision.BFLOAT16);

        // 200 positions; inside a block autograd keeps 144 numbers, of which 24 stay float32 in bfloat16.
        assertThat(part(single, "activations of a pass")).isEqualTo(200 * 4 * (16 + 2 * (8 + 144) + 128));
        assertThat(part(half, "activations of a pass"))
                .isEqualTo(200 * (4 * (16 + 2 * (8 + 24)) + 2 * (2 * 120 + 128)));
        assertThat(part(half, "key-value cache") * 2).isEqualTo(part(single, "key-value cache"));
        assertThat(part(half, "policy weights")).isEqualTo(part(single, "policy weights"));
        assertThat(single.parts()).noneMatch(part -> part.name().startsWith("packed copy"));
    }

    /** Learning stays as it is; copies that do not learn are half as large, and products have one of what does. */
    @Test
    void bfloat16OnTheCpuHalvesWhatDoesNotLearn() throws IOException {
        MemoryEstimate estimate = MemoryEstimate.ofTraining(
                config("algorithm.beta=0.1"),
                new ModelSize(CONFIG, 1000),
                Optional.of(new ModelSize(CONFIG, 500)),
                30,
                Device.CPU,
                Precision.BFLOAT16);

        assertThat(estimate.parts())
                .contains(
                        new Part("policy weights", 4000),
                        new Part("policy weights in bfloat16", 2000),
                        new Part("policy gradients", 4000),
                        new Part("reference policy", 2000),
                        new Part("reward model weights in bfloat16", 1000),
                        new Part("packed copy of the policy", 2000),
                        new Part("key-value cache", 8 * 16 * 50 * 4));
        MemoryEstimate adapted = MemoryEstimate.ofTraining(
                config(), new ModelSize(CONFIG, 1000, 10, false), Optional.empty(), 30, Device.CPU, Precision.BFLOAT16);
        assertThat(part(adapted, "packed copy of the policy")).isEqualTo(4000);
    }

    @Test
    void onlyWhatIsDecodedInPlannedStepsIsPacked() throws IOException {
        DecoderConfig window = DecoderConfig.builder("mistral", 2, 4, 2, 2)
                .widths(1000, 8, 16, 512)
                .sliding(OptionalInt.of(4), List.of(true, true))
                .build();
        MemoryEstimate estimate = MemoryEstimate.ofTraining(
                config(), new ModelSize(window, 1000), Optional.empty(), 30, Device.CPU, Precision.FLOAT32);

        assertThat(estimate.parts()).noneMatch(part -> part.name().startsWith("packed copy"));
    }

    private static Stream<String> names(TrainConfig config) {
        ModelSize shape = new ModelSize(CONFIG, 1000);
        return MemoryEstimate.ofTraining(config, shape, Optional.of(shape), 30, Device.CPU, Precision.FLOAT32)
                .parts()
                .stream()
                .map(Part::name);
    }

    private static long part(MemoryEstimate estimate, String name) {
        return estimate.object().get(name);
    }
}
