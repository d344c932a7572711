package dev.flipside.train;

import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import java.util.List;
import java.util.Optional;

/**
 * What the policy samples in a step.
 *
 * @param samples that teach the reward model where it learns from the policy, and update the policy where nothing else
 *     does
 * @param fresh the policy's second samples of the same prompts, which it is updated on. They are drawn beside the
 *     others: the policy does not change in between, and no random number depends on what the reward model learns
 */
record Drawn(Samples samples, Optional<Samples> fresh) {
    /** @param again whether there are to be second samples */
    static Drawn by(Sampler sampler, List<PromptExample> prompts, boolean again, Step step) {
        List<Seeds.Stream> streams =
                again ? List.of(Seeds.Stream.ROLLOUT, Seeds.Stream.FRESH_ROLLOUT) : List.of(Seeds.Stream.ROLLOUT);
        List<Samples> all = sampler.sample(prompts, streams, step.number(), step);
        return new Drawn(all.get(0), again ? Optional.of(all.get(1)) : Optional.empty());
    }
}
