/**
 * Measures that need no model: what evaluations are summarised with.
 *
 * <p>{@code alarm} says what a whole run's numbers mean; {@code ifeval} holds the instructions that a program can check, {@code policy} the tasks by which policies are
 * marked.
 */
package dev.flipside.eval;
