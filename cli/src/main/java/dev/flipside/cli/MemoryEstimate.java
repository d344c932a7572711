package dev.flipside.cli;

import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RolloutConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.DecoderConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How much memory a run's tensors take at most, from shapes alone.
 *
 * <p>Weights, gradients and moments are exact; activations are a count of what a layer keeps for its backward pass, without what the allocator adds. Java's own heap and
 * libtorch's code come on top.
 */
record MemoryEstimate(List<Part> parts) {
    private static final long FLOAT = 4;
    private static final long HALF = 2;
    private static final double MIB = 1 << 20;

    /** Scores, their softmax and its gradient. */
    private static final long LOGITS_COPIES = 3;

    /** What takes {@code bytes}. */
    record Part(String name, long bytes) {}

    /** A model by its shape and its number of weights. */
    record Shape(DecoderConfig config, long weights) {}

    /**
     * Of {@code flipside train}.
     *
     * @param rewardModel empty when functions alone grade
     * @param longestPrompt in tokens
     * @param halfPrecision whether products are bfloat16
     */
    static MemoryEstimate ofTraining(
            TrainConfig config, Shape policy, Optional<Shape> rewardModel, int longestPrompt, boolean halfPrecision) {
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("policy weights", FLOAT * policy.weights()));
        parts.add(new Part("policy gradients", FLOAT * policy.weights()));
        parts.add(new Part("policy AdamW moments", 2 * FLOAT * policy.weights()));
        if (config.algorithm().resolved().beta().orElseThrow() > 0) {
            parts.add(new Part("reference policy", FLOAT * policy.weights()));
        }
        boolean improving = config.save().preset() != SaveConfig.Preset.OFF;
        rewardModel.ifPresent(shape -> rewardModelParts(parts, config.save(), improving, shape));
        long length = longestPrompt + (long) config.rollout().maxCompletionLength();
        long bytes = halfPrecision ? HALF : FLOAT;
        parts.add(new Part(
                "key-value cache", cacheRows(config.rollout()) * cacheFloats(policy.config()) * length * bytes));
        long policyTokens = config.policy().perDeviceTrainBatchSize() * length;
        long activations =
                activations(policy.config(), policyTokens, config.policy().gradientCheckpointing());
        if (improving && rewardModel.isPresent()) {
            long rewardTokens = config.rewardModel().perDeviceBatchSize() * length;
            activations = Math.max(
                    activations,
                    activations(
                            rewardModel.get().config(),
                            rewardTokens,
                            config.rewardModel().gradientCheckpointing()));
        }
        parts.add(new Part("activations of a pass", activations * bytes));
        long scores = Math.min(policyTokens * policy.config().vocabSize(), CausalLm.scoresHeld(Device.CPU));
        parts.add(new Part("vocabulary scores", LOGITS_COPIES * scores * FLOAT));
        return new MemoryEstimate(parts);
    }

    private static void rewardModelParts(List<Part> parts, SaveConfig save, boolean improving, Shape shape) {
        parts.add(new Part("reward model weights", FLOAT * shape.weights()));
        if (!improving) {
            return;
        }
        parts.add(new Part("reward model gradients", FLOAT * shape.weights()));
        parts.add(new Part("reward model AdamW moments", 2 * FLOAT * shape.weights()));
        if (save.anchor() == SaveConfig.Anchor.FROZEN) {
            parts.add(new Part("initial reward model", FLOAT * shape.weights()));
        }
        if (save.gate() == SaveConfig.Gate.MCNEMAR) {
            parts.add(new Part("gate: weights and moments to roll back to", 3 * FLOAT * shape.weights()));
        }
    }

    /**
     * Of {@code flipside train-rm}.
     *
     * @param longest conversation of a pair in tokens, after the length limit
     */
    static MemoryEstimate ofRewardTraining(
            RewardTrainingConfig config, Shape model, int longest, boolean halfPrecision) {
        // A pair is two conversations.
        long tokens = 2L * config.training().perDeviceTrainBatchSize() * longest;
        long activations = activations(model.config(), tokens, config.training().gradientCheckpointing());
        return new MemoryEstimate(List.of(
                new Part("weights", FLOAT * model.weights()),
                new Part("gradients", FLOAT * model.weights()),
                new Part("AdamW moments", 2 * FLOAT * model.weights()),
                new Part("activations of a pass", activations * (halfPrecision ? HALF : FLOAT))));
    }

    /** Rows decoded side by side: whole groups within {@code rollout.max_rows}, at least one group. */
    private static long cacheRows(RolloutConfig rollout) {
        return (long) Math.max(1, rollout.maxRows() / rollout.numGenerations()) * rollout.numGenerations();
    }

    /** Keys and values of one token. */
    private static long cacheFloats(DecoderConfig config) {
        return 2L * config.layers() * config.kvHeads() * config.headDim();
    }

    /**
     * Numbers kept for the backward pass. Per token a layer keeps its input, both norms' intermediate and normalised states and the residual between them (8 D), queries,
     * keys and values before and after rotation, in halves and rotated (4), the attention's output twice, and in the MLP both projections, the gate and the product (4 F). With
     * checkpointing only every layer's input and one layer's rest are kept.
     */
    static long activations(DecoderConfig config, long tokens, boolean checkpointing) {
        long heads = config.heads() + 2L * config.kvHeads();
        long layer = 8L * config.hiddenSize()
                + 4 * heads * config.headDim()
                + 2L * config.heads() * config.headDim()
                + 4L * config.intermediateSize();
        long perToken = checkpointing ? config.layers() * (long) config.hiddenSize() + layer : config.layers() * layer;
        return tokens * perToken;
    }

    long total() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    /** An aligned table in MiB with the total last. */
    String text() {
        List<List<String>> rows = new ArrayList<>();
        parts.forEach(part -> rows.add(List.of(part.name(), mib(part.bytes()))));
        rows.add(List.of("total", mib(total())));
        return new Table(List.of("memory", "MiB"), rows).render();
    }

    /** Bytes by name, and the total. */
    Map<String, Long> object() {
        Map<String, Long> object = new LinkedHashMap<>();
        parts.forEach(part -> object.put(part.name(), part.bytes()));
        object.put("total", total());
        return object;
    }

    static String mib(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / MIB);
    }
}
