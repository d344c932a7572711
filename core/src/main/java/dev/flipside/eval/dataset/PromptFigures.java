package dev.flipside.eval.dataset;

/**
 * What there is to say of the prompts of a dataset.
 *
 * @param characters of all messages of a prompt
 * @param multiTurn prompts with more than one message of the user
 * @param mostMessages of one prompt
 * @param withSystem prompts that open with a system message
 * @param differentSystems different system messages
 * @param otherRoles prompts with a role beside system, user and assistant, which a chat template may refuse
 * @param empty prompts whose last message says nothing
 * @param repeated rows whose prompt an earlier row has
 * @param repeatedNormalised as {@code repeated}, without case, punctuation and white space
 */
public record PromptFigures(
        LengthSpread characters,
        int multiTurn,
        int mostMessages,
        int withSystem,
        int differentSystems,
        int otherRoles,
        int empty,
        int repeated,
        int repeatedNormalised) {}
