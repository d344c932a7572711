/**
 * Marking a policy's answers.
 *
 * <p>{@link dev.flipside.eval.policy.PolicyPrompt} and {@link dev.flipside.eval.policy.PolicyAnswer} are what every benchmark asks and gets.
 */
package dev.flipside.eval.policy;
