package dev.flipside.task;

import dev.flipside.model.CausalLm;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.util.List;
import java.util.Optional;

/**
 * The model whose completions make the pairs, and how it samples them.
 *
 * @param lm closed by the caller
 * @param renderer of its prompts; closed by the caller
 * @param options how tokens are drawn
 * @param suppressedIds tokens that are never drawn
 * @param systemPrompt before every prompt
 */
public record InitialPolicy(
        CausalLm lm,
        Renderer renderer,
        SamplingOptions options,
        List<Integer> suppressedIds,
        Optional<String> systemPrompt) {
    public InitialPolicy {
        suppressedIds = List.copyOf(suppressedIds);
    }

    Conversation conversation(TaskPrompt prompt) {
        Conversation alone = Conversation.ofPrompt(prompt.text());
        return systemPrompt.map(alone::withSystem).orElse(alone);
    }
}
