package dev.flipside.train;

import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import java.util.List;
import java.util.Optional;

/**
 * Samples the groups that a step learns from, and reads them for whatever grades them.
 *
 * @param rollouts of the policy that samples
 * @param grader whose renderer reads completions for the reward model
 * @param gold knows the true rewards
 * @param numGenerations completions a prompt
 */
record Sampler(Rollouts rollouts, Optional<Grader> grader, Optional<RewardFunction> gold, int numGenerations) {
    /** The same from another policy. */
    Sampler from(Rollouts others) {
        return new Sampler(others, grader, gold, numGenerations);
    }

    /**
     * One group per prompt, read.
     *
     * @param stream and {@code key} name the random numbers: the same call on the same weights gives the same samples
     */
    Samples sample(List<PromptExample> prompts, Seeds.Stream stream, long key, Step step) {
        return sample(prompts, List.of(stream), key, step).get(0);
    }

    /** One group per prompt and stream, read. */
    List<Samples> sample(List<PromptExample> prompts, List<Seeds.Stream> streams, long key, Step step) {
        List<RolloutBatch> batches =
                step.time("generate", () -> rollouts.sample(prompts, numGenerations, streams, key));
        batches.forEach(batch -> step.tokens("generate", batch.sampledTokens()));
        return step.time("score", () -> batches.stream().map(this::read).toList());
    }

    /** A batch as whatever grades it reads it. */
    Samples read(RolloutBatch batch) {
        return new Samples(batch, grader.map(g -> g.read(batch)).orElse(Reading.NONE), gold.map(g -> rollouts.ranks()
                .numbers(
                        batch.size(),
                        own -> AskedRewards.asked(
                                () -> RewardFunctions.ask(g.name(), g, own.of(batch.samples(), batch.groupSize()))))));
    }
}
