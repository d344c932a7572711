/**
 * Evaluations, and what they are summarised with: an {@link dev.flipside.eval.Interval} by
 * {@link dev.flipside.eval.Bootstrap}, among others.
 *
 * <p>{@code alarm} says what a whole run's numbers mean; {@code benchmark} holds the benchmarks of reward models, which
 * its {@code BenchmarkRun} runs; {@code ifeval} the instructions that a program can check, {@code policy} the tasks by
 * which policies are marked, with {@code PolicyAnswers} to them, {@code judge} their comparison by a judge,
 * {@code dataset} a look at a data file. What is not in these packages needs no model.
 */
package dev.flipside.eval;
