package dev.flipside.data;

import dev.flipside.text.Conversation;
import java.util.List;

/**
 * A system prompt in a column of its own, as LLaMA-Factory, ms-swift and Orca write it; a conversation that opens with
 * one of its own keeps that, as in those.
 */
final class SystemPrompt {
    /** In the order in which they are looked for. */
    static final List<String> COLUMNS = List.of("system", "system_prompt");

    private SystemPrompt() {}

    /** The conversation behind the row's system prompt; as it is where there is none or an empty one. */
    static Conversation before(Row row, Conversation conversation) {
        for (String column : COLUMNS) {
            if (row.has(column)) {
                String text = row.requireText(column);
                return text.isEmpty() ? conversation : conversation.withSystem(text);
            }
        }
        return conversation;
    }
}
