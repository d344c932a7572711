/**
 * Marking a policy's answers.
 *
 * <ul>
 *   <li>{@link dev.flipside.eval.policy.PolicyPrompt}, {@link dev.flipside.eval.policy.PolicyAnswer}: what every
 *       benchmark asks and gets.
 *   <li>{@link dev.flipside.eval.policy.VerifiableItem}: a prompt and the program that marks its answer with
 *       {@link dev.flipside.eval.policy.Marks} ({@link dev.flipside.eval.policy.Score} by metric);
 *       {@link dev.flipside.eval.policy.PromptTemplate}: how a question is asked.
 *   <li>{@link dev.flipside.eval.policy.Gsm8k}, {@link dev.flipside.eval.policy.MathProblems}
 *       ({@link dev.flipside.eval.policy.BoxedAnswer}, {@link dev.flipside.eval.policy.MathEquivalence},
 *       {@code LatexValue}), {@link dev.flipside.eval.policy.IfEval}: the tasks' items from their native rows.
 *   <li>{@link dev.flipside.eval.policy.PolicyAnswers}: answers made by a model and kept in an {@code AnswerLog};
 *       {@link dev.flipside.eval.policy.TaskFolder}: their marks, kept.
 *   <li>{@link dev.flipside.eval.policy.AnswerRewards}: a reward model's opinion of answers.
 *   <li>{@link dev.flipside.eval.policy.TaskResult}, {@link dev.flipside.eval.policy.TaskComparison}: what
 *       {@link dev.flipside.eval.policy.MarkedItem}s add up to, and two evaluations of the same items.
 * </ul>
 */
package dev.flipside.eval.policy;
