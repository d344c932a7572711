/**
 * What the tasks of {@code eval-policy} share, and those whose answers a program marks.
 *
 * <ul>
 *   <li>{@code PolicyTask}: what a task extends, with {@code AnswerOptions}.
 *   <li>{@code PolicyAnswers}: answers made by a model and kept in an {@code AnswerLog}.
 *   <li>{@code AnswersMadeElsewhere}: answers that are there already; {@code NativeAnswers} reads the benchmarks' own files.
 *   <li>{@code VerifiableTask}: {@code EvalGsm8k}, {@code EvalMath} (both with {@code QuestionTemplate}), {@code EvalIfEval}. {@code TaskFolder} keeps the marks, {@code
 *       TaskReport} shows them.
 * </ul>
 */
package dev.flipside.cli.policy;
