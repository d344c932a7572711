package dev.flipside.train;

import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.reward.RewardFunction;
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
        RolloutBatch batch = step.time("generate", () -> rollouts.sample(prompts, numGenerations, stream, key));
        step.tokens("generate", batch.sampledTokens());
        return step.time("score", () -> read(batch));
    }

    /** A batch as whatever grades it reads it. */
    Samples read(RolloutBatch batch) {
        return new Samples(
                batch, grader.map(g -> g.read(batch)).orElse(Reading.NONE), gold.map(g -> g.score(batch.samples())));
    }
}
