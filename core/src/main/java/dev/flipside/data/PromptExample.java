package dev.flipside.data;

import dev.flipside.text.Conversation;
import java.util.Map;

/**
 * A prompt to sample replies for.
 *
 * @param prompt ends where the assistant replies
 * @param columns the row's other columns for reward functions, by name: String, Integer, Long, BigInteger, Double,
 *     BigDecimal (where a double would lose digits), Boolean, List or Map; a null is absent
 */
public record PromptExample(Conversation prompt, Map<String, Object> columns) {
    public PromptExample {
        columns = Map.copyOf(columns);
    }

    PromptExample withSystem(String systemPrompt) {
        return new PromptExample(prompt.withSystem(systemPrompt), columns);
    }
}
