/** Measures that need no model: what evaluations are summarised with. What a whole run's numbers mean is in {@link dev.flipside.eval.alarm}. */
package dev.flipside.eval;
