/**
 * What evaluations are summarised with: measures over numbers that models gave.
 *
 * <p>{@code alarm} says what a whole run's numbers mean; {@code benchmark} holds the benchmarks of reward models, whose {@code AnswerScorer} is the one class here that runs a model;
 * {@code ifeval} the instructions that a program can check, {@code policy} the tasks by which policies are marked, {@code judge} their comparison by a judge, {@code dataset} a look at a data file.
 */
package dev.flipside.eval;
