/**
 * Using a model: {@code Generate} and {@code Chat} sample, {@code Score} asks a reward model, {@code Logprobs} shows
 * what a policy gives the tokens of a text. All but {@code Chat} are a {@link dev.flipside.cli.rows.RowCommand}, which
 * holds their flow.
 */
package dev.flipside.cli.model;
