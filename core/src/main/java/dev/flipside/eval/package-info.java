/** Measures that need no model: what evaluations are summarised with. */
package dev.flipside.eval;
