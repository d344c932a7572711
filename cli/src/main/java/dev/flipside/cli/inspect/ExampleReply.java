package dev.flipside.cli.inspect;

import dev.flipside.data.PromptExample;
import dev.flipside.model.CausalLm;
import dev.flipside.model.TokenRow;
import dev.flipside.reward.RewardFunction;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.FinishReason;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Renderer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What the policy answers to a prompt, greedily and briefly: an example for whatever reads answers. */
record ExampleReply(PromptExample prompt, int[] promptIds, Completion completion, String text) {
    /** Tokens that the policy writes. */
    private static final int LENGTH = 16;

    /** To the first few prompts. */
    static List<ExampleReply> of(CausalLm policy, Renderer renderer, List<PromptExample> prompts) {
        List<PromptExample> few = prompts.subList(0, Math.min(ReaderInspection.PROBED, prompts.size()));
        List<int[]> ids = few.stream().map(p -> renderer.prompt(p.prompt())).toList();
        List<Group> groups;
        try (Generator generator =
                new Generator(policy, new GenerationSettings(ReaderInspection.PROBED, List.of(), renderer::decode))) {
            groups = generator.generate(ids, 1, SamplingOptions.greedy(LENGTH), (prompt, sample) -> 0);
        }
        List<ExampleReply> replies = new ArrayList<>();
        for (int i = 0; i < few.size(); i++) {
            Completion completion = groups.get(i).completions().get(0);
            String text = renderer.completionText(ids.get(i), completion.ids());
            replies.add(new ExampleReply(few.get(i), ids.get(i), completion, text));
        }
        return replies;
    }

    boolean finished() {
        return completion.finishReason() == FinishReason.STOP;
    }

    /** As the policy reads it. */
    TokenRow row() {
        return new TokenRow(
                IntStream.concat(IntStream.of(promptIds), IntStream.of(completion.ids()))
                        .toArray(),
                promptIds.length);
    }

    /** As a reward function reads it. */
    RewardFunction.Sample sample() {
        return new RewardFunction.Sample(prompt.prompt(), text, completion.ids(), finished(), prompt.columns());
    }
}
