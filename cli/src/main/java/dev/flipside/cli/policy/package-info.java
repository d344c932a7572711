/**
 * What the tasks of {@code eval-policy} share, and those whose answers a program marks.
 *
 * <ul>
 *   <li>{@code PolicyTask}: what a task extends, with {@code AnswerOptions}.
 *   <li>{@code GeneratedAnswers}: answers made by a model, which {@link dev.flipside.eval.policy.PolicyAnswers} keeps.
 *   <li>{@code AnswersMadeElsewhere}: answers that are there already; {@code NativeAnswers} reads the benchmarks' own
 *       files.
 *   <li>{@code VerifiableTask}: {@code EvalGsm8k}, {@code EvalMath} (both with {@code QuestionTemplate}),
 *       {@code EvalIfEval}. {@link dev.flipside.eval.policy.TaskFolder} keeps the marks, {@code TaskReport} shows them.
 * </ul>
 */
package dev.flipside.cli.policy;
