package dev.flipside.train;

import dev.flipside.config.RolloutConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SampleKeys;
import dev.flipside.rollout.SamplingOptions;
import java.util.ArrayList;
import java.util.List;

/** Samples groups from the policy as it is now. */
final class Rollouts {
    private final PolicyModel policy;
    private final GenerationSettings settings;
    private final SamplingOptions options;
    private final Seeds seeds;

    Rollouts(PolicyModel policy, RolloutConfig config, Seeds seeds) {
        this.policy = policy;
        this.settings = new GenerationSettings(config.maxRows(), config.suppressTokens(), policy.renderer()::decode);
        this.options = new SamplingOptions(
                config.temperature(),
                config.topP(),
                config.topK(),
                config.minP(),
                config.repetitionPenalty(),
                config.maxCompletionLength(),
                false,
                config.stop());
        this.seeds = seeds;
    }

    /**
     * One group per prompt.
     *
     * @param stream and {@code step} name the random numbers: the same call on the same weights gives the same samples
     */
    RolloutBatch sample(List<PromptExample> prompts, int numGenerations, Seeds.Stream stream, long step) {
        return sample(prompts, numGenerations, options, stream, step);
    }

    /** Samples at another temperature; 0 is greedy. */
    RolloutBatch sample(
            List<PromptExample> prompts, int numGenerations, double temperature, Seeds.Stream stream, long step) {
        return sample(
                prompts,
                numGenerations,
                temperature == 0 ? options.asGreedy() : options.withTemperature(temperature),
                stream,
                step);
    }

    private RolloutBatch sample(
            List<PromptExample> prompts, int numGenerations, SamplingOptions sampling, Seeds.Stream stream, long step) {
        List<int[]> ids =
                prompts.stream().map(p -> policy.renderer().prompt(p.prompt())).toList();
        List<Group> groups =
                generate(ids, numGenerations, sampling, (prompt, sample) -> seeds.key(stream, step, prompt, sample));
        List<List<String>> texts = new ArrayList<>();
        for (Group group : groups) {
            List<String> replies = new ArrayList<>();
            for (Completion completion : group.completions()) {
                replies.add(policy.renderer().completionText(group.promptIds(), completion.ids()));
            }
            texts.add(replies);
        }
        return new RolloutBatch(prompts, groups, texts);
    }

    private List<Group> generate(List<int[]> ids, int numGenerations, SamplingOptions sampling, SampleKeys keys) {
        // Closed at once: what it keeps for another call is as large as the policy, and training needs the room.
        try (Generator generator = new Generator(policy.lm(), settings)) {
            return generator.generate(ids, numGenerations, sampling, keys);
        } catch (UserError e) {
            // The sampler sees scores alone; the weight that spoilt them is what the user needs to know.
            throw policy.lm()
                    .parameters()
                    .firstNonFiniteWeight()
                    .<RuntimeException>map(weight -> NonFiniteException.inWeight("policy", weight))
                    .orElse(e);
        }
    }
}
