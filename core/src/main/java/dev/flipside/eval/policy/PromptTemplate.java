package dev.flipside.eval.policy;

import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;

/**
 * A user message with a place for the question.
 *
 * @param text holds {@code {question}}
 */
public record PromptTemplate(String text) {
    private static final String PLACE = "{question}";

    public PromptTemplate {
        if (!text.contains(PLACE)) {
            throw new UserError("The prompt template '" + text + "' has no " + PLACE
                    + ", so that no question would be asked; write it where the question belongs.");
        }
    }

    Conversation prompt(String question) {
        return Conversation.ofPrompt(text.replace(PLACE, question));
    }
}
