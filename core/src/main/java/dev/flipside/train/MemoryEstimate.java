package dev.flipside.train;

import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RolloutConfig;
import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.DecoderPlan;
import dev.flipside.model.PassSize;
import dev.flipside.model.Precision;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How much memory a run takes at most on the CPU, from shapes alone: within a quarter of the peaks of policy steps in
 * docs/performance.md. Fragments that the allocator keeps between passes of different shapes are not counted;
 * {@code train-rm} can take a quarter more.
 *
 * @param standing what is there all the time
 * @param sampling what is there besides while completions are sampled
 * @param training what is there besides, instead of it, in a pass with gradients
 */
public record MemoryEstimate(List<Part> standing, List<Part> sampling, List<Part> training) {
    static final long FLOAT = 4;
    static final long HALF = 2;

    /**
     * Resident memory of a process that has loaded a model of no size: libraries, Java's heap and code, buffers of
     * threads. Measured.
     */
    private static final Part PROGRAM = new Part("program and libraries", 350L << 20);

    /** Scores, their softmax and its gradient. */
    private static final long LOGITS_COPIES = 3;

    /** What takes {@code bytes}. */
    public record Part(String name, long bytes) {}

    /**
     * Of {@code flipside train}.
     *
     * @param rewardModel empty when functions alone grade
     * @param longestPrompt in tokens
     * @param device of the run
     * @param precision of the run
     */
    public static MemoryEstimate ofTraining(
            TrainConfig config,
            ModelSize policy,
            Optional<ModelSize> rewardModel,
            int longestPrompt,
            Device device,
            Precision precision) {
        RunPlan plan = config.plan();
        DecoderPlan ways = new DecoderPlan(policy.config(), device, precision);
        List<Part> parts = new ArrayList<>();
        parts.add(PROGRAM);
        parts.addAll(policy.held("policy ", ways.precision()));
        parts.addAll(policy.learning("policy "));
        if (plan.keepsReference()) {
            // On an adapter's frozen base: another adapter, or in the first round of a new one nothing.
            parts.add(new Part("reference policy", constant(policy, ways) * policy.trained()));
        }
        rewardModel.ifPresent(size -> rewardModelParts(parts, plan, size, ways.precision()));
        long length = longestPrompt + (long) config.rollout().maxCompletionLength();
        List<Part> sampling = new ArrayList<>();
        if (ways.decoding()) {
            sampling.add(new Part("packed copy of the policy", constant(policy, ways) * policy.weights()));
        }
        long cached = cacheRows(config.rollout()) * cacheNumbers(policy.config()) * length;
        sampling.add(new Part("key-value cache", cached * (ways.precision() == Precision.BFLOAT16 ? HALF : FLOAT)));
        long policyTokens = config.policy().perDeviceTrainBatchSize() * length;
        long activations = activations(
                ways,
                policyTokens,
                length,
                new PassSize(
                        config.policy().activationMemoryMb(), config.policy().gradientCheckpointing()));
        if (plan.improves() && rewardModel.isPresent()) {
            long rewardTokens = config.rewardModel().perDeviceBatchSize() * length;
            activations = Math.max(
                    activations,
                    activations(
                            new DecoderPlan(rewardModel.get().config(), device, precision),
                            rewardTokens,
                            length,
                            new PassSize(
                                    config.rewardModel().activationMemoryMb(),
                                    config.rewardModel().gradientCheckpointing())));
        }
        long scores = Math.min(policyTokens * policy.config().vocabSize(), CausalLm.scoresHeld(device));
        return new MemoryEstimate(
                parts,
                sampling,
                List.of(
                        new Part("activations of a pass", activations),
                        new Part("vocabulary scores", LOGITS_COPIES * scores * FLOAT)));
    }

    /** Bytes of a weight of a copy that does not learn; adapters, and what they are merged into, stay float32. */
    private static long constant(ModelSize model, DecoderPlan ways) {
        return ways.precision() != Precision.FLOAT32 && !model.adapted() ? HALF : FLOAT;
    }

    private static void rewardModelParts(List<Part> parts, RunPlan plan, ModelSize size, Precision precision) {
        parts.addAll(size.held("reward model ", precision));
        if (!plan.improves()) {
            return;
        }
        parts.addAll(size.learning("reward model "));
        if (plan.keepsInitialRewardModel()) {
            parts.add(new Part("initial reward model", FLOAT * size.trained()));
        }
        if (plan.guard().projects()) {
            parts.add(new Part("guard: the update's own gradient", FLOAT * size.trained()));
        }
        if (plan.gates()) {
            parts.add(new Part("gate: weights and moments to roll back to", 3 * FLOAT * size.trained()));
        }
    }

    /**
     * Of {@code flipside train-rm}.
     *
     * @param longest conversation of a pair in tokens, after the length limit
     * @param device of the run
     * @param precision of the run
     */
    public static MemoryEstimate ofRewardTraining(
            RewardTrainingConfig config, ModelSize model, int longest, Device device, Precision precision) {
        // A pair is two conversations.
        long tokens = 2L * config.training().perDeviceTrainBatchSize() * longest;
        long activations = activations(
                new DecoderPlan(model.config(), device, precision),
                tokens,
                longest,
                new PassSize(
                        config.training().activationMemoryMb(),
                        config.training().gradientCheckpointing()));
        List<Part> standing = new ArrayList<>(List.of(PROGRAM));
        standing.addAll(model.held("", precision.on(device)));
        standing.addAll(model.learning(""));
        return new MemoryEstimate(standing, List.of(), List.of(new Part("activations of a pass", activations)));
    }

    /** Rows decoded side by side: whole groups within {@code rollout.max_rows}, at least one group. */
    private static long cacheRows(RolloutConfig rollout) {
        return (long) Math.max(1, rollout.maxRows() / rollout.numGenerations()) * rollout.numGenerations();
    }

    /** Keys and values of one token. */
    private static long cacheNumbers(DecoderConfig config) {
        return 2L * config.layers() * config.kvHeads() * config.headDim();
    }

    /**
     * Bytes kept for the backward pass of a batch, which runs in passes of bounded size, and those that one block's
     * backward pass makes.
     *
     * @param longest row of the batch, which is a pass of its own where it exceeds that size
     */
    static long activations(DecoderPlan plan, long tokens, long longest, PassSize size) {
        long inPass = Math.min(tokens, size.tokensAtMost(plan, longest));
        return inPass * (size.bytesPerToken(plan) + PassSize.bytesInBackward(plan));
    }

    /** Bytes at most: sampling and training take turns. */
    public long total() {
        return sum(standing) + Math.max(sum(sampling), sum(training));
    }

    private static long sum(List<Part> parts) {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    /** Everything that is counted. */
    public List<Part> parts() {
        return Stream.of(standing, sampling, training).flatMap(List::stream).toList();
    }

    /** Bytes by name, and the total. */
    public Map<String, Long> object() {
        Map<String, Long> object = new LinkedHashMap<>();
        parts().forEach(part -> object.put(part.name(), part.bytes()));
        object.put("total", total());
        return object;
    }
}
