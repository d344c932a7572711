package dev.flipside.eval.policy;

/**
 * One completion of one prompt.
 *
 * @param completion the reply's text, special tokens left out
 * @param truncated whether it was truncated at the length limit; false also where an answer made elsewhere does not say
 */
public record PolicyAnswer(PolicyPrompt prompt, String completion, boolean truncated) {}
