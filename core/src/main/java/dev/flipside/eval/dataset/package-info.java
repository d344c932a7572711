/**
 * A look at a data file before anything is trained on it.
 *
 * <p>{@link dev.flipside.eval.dataset.DatasetInspection} takes row after row and gives a
 * {@link dev.flipside.eval.dataset.DatasetReport}: prompts ({@code Repetitions}, {@code Lengths};
 * {@code PromptFigures}), pairs ({@code PairCount}; {@code PairFigures}), tokens
 * ({@link dev.flipside.eval.dataset.TokenCount}; {@code TokenFigures}) and what is shared with benchmarks
 * ({@link dev.flipside.eval.dataset.PromptOverlap}, read by {@link dev.flipside.eval.dataset.BenchmarkPrompts}; a
 * {@link dev.flipside.eval.dataset.BenchmarkOverlap} each). Texts are compared by {@code Fingerprint}s.
 */
package dev.flipside.eval.dataset;
