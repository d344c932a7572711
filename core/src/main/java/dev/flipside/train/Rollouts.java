package dev.flipside.train;

import dev.flipside.config.RolloutConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import java.util.ArrayList;
import java.util.List;

/** Samples groups from the policy as it is now. */
final class Rollouts {
    private final PolicyModel policy;
    private final GenerationSettings settings;
    private final SamplingOptions options;
    private final Seeds seeds;
    private final Ranks ranks;

    /** @param ranks each of which samples for its part of the prompts */
    Rollouts(PolicyModel policy, RolloutConfig config, Seeds seeds, Ranks ranks) {
        this.ranks = ranks;
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

    Ranks ranks() {
        return ranks;
    }

    /**
     * One group per prompt.
     *
     * @param stream and {@code step} name the random numbers: the same call on the same weights gives the same samples
     */
    RolloutBatch sample(List<PromptExample> prompts, int numGenerations, Seeds.Stream stream, long step) {
        return sample(prompts, numGenerations, List.of(stream), step).get(0);
    }

    /**
     * One group per prompt for each stream, the same as a call for each would sample. Where {@code rollout.max_rows}
     * has room for them they are decoded side by side: a prompt is computed once for all of them, and the weights are
     * read once for the next token of all.
     */
    List<RolloutBatch> sample(List<PromptExample> prompts, int numGenerations, List<Seeds.Stream> streams, long step) {
        return sample(prompts, numGenerations, options, streams, step);
    }

    /** Samples at another temperature; 0 is greedy. */
    RolloutBatch sample(
            List<PromptExample> prompts, int numGenerations, double temperature, Seeds.Stream stream, long step) {
        return sample(
                        prompts,
                        numGenerations,
                        temperature == 0 ? options.asGreedy() : options.withTemperature(temperature),
                        List.of(stream),
                        step)
                .get(0);
    }

    private List<RolloutBatch> sample(
            List<PromptExample> prompts,
            int numGenerations,
            SamplingOptions sampling,
            List<Seeds.Stream> streams,
            long step) {
        List<int[]> ids =
                prompts.stream().map(p -> policy.renderer().prompt(p.prompt())).toList();
        int sideBySide = streams.size() * numGenerations <= settings.maxRows() ? streams.size() : 1;
        List<RolloutBatch> batches = new ArrayList<>();
        // Closed at once: what it keeps for another call is as large as the policy, and training needs the room.
        try (Generator generator = new Generator(policy.lm(), settings)) {
            for (int from = 0; from < streams.size(); from += sideBySide) {
                List<Seeds.Stream> some = streams.subList(from, from + sideBySide);
                List<Group> groups = SharedGroups.of(
                        ranks,
                        ids,
                        own -> generator.generate(
                                own.of(ids),
                                sideBySide * numGenerations,
                                sampling,
                                (prompt, row) -> seeds.key(
                                        some.get(row / numGenerations),
                                        step,
                                        own.from() + prompt,
                                        row % numGenerations)));
                for (int s = 0; s < sideBySide; s++) {
                    int first = s * numGenerations;
                    batches.add(batch(
                            prompts,
                            groups.stream()
                                    .map(g -> g.part(first, numGenerations))
                                    .toList()));
                }
            }
            return batches;
        } catch (UserError e) {
            // The sampler sees scores alone; the weight that spoilt them is what the user needs to know.
            throw policy.lm()
                    .parameters()
                    .firstNonFiniteWeight()
                    .<RuntimeException>map(weight -> NonFiniteException.inWeight("policy", weight))
                    .orElse(e);
        }
    }

    private RolloutBatch batch(List<PromptExample> prompts, List<Group> groups) {
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
}
