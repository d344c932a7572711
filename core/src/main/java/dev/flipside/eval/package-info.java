/**
 * Measures that need no model: what evaluations are summarised with.
 *
 * <p>{@code alarm} says what a whole run's numbers mean; {@code benchmark} holds the benchmarks of reward models, of which {@code AnswerScorer} runs one; {@code
 * ifeval} the instructions that a program can check, {@code policy} the tasks by which policies are marked, {@code judge} their comparison by a judge, {@code dataset} a look at a data file.
 */
package dev.flipside.eval;
