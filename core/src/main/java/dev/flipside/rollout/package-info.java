/**
 * Sampling completions from a policy.
 *
 * <ul>
 *   <li>{@link dev.flipside.rollout.SamplingOptions}: how tokens are chosen and when a completion ends.
 *   <li>{@link dev.flipside.rollout.TokenSampler}: the next token of every row of a batch, with
 *       {@link dev.flipside.rollout.LogitsFilters} and {@link dev.flipside.rollout.RepetitionPenalty}.
 *   <li>{@link dev.flipside.rollout.Generator}: batched, group-aware generation by
 *       {@link dev.flipside.rollout.GenerationSettings} with a key-value cache over a
 *       {@link dev.flipside.rollout.DecodingModel} and its {@code DecodingBatch}
 *       ({@link dev.flipside.rollout.CachedDecoding}), one {@link dev.flipside.rollout.GenerationBatch} of
 *       {@link dev.flipside.rollout.Row}s after the other; {@link dev.flipside.rollout.SampleKeys} gives each sample
 *       its random numbers.
 *   <li>{@link dev.flipside.rollout.Group}, {@link dev.flipside.rollout.Completion},
 *       {@link dev.flipside.rollout.FinishReason}: what comes out; {@link dev.flipside.rollout.NonFiniteLogits}: why
 *       nothing does.
 * </ul>
 */
package dev.flipside.rollout;
