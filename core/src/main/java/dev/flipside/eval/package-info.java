/**
 * Measures that need no model: what evaluations are summarised with.
 *
 * <p>{@code benchmark} holds the benchmarks of reward models; its {@code AnswerScorer} alone runs a model.
 */
package dev.flipside.eval;
