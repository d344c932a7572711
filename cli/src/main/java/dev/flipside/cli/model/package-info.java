/**
 * Using a model: {@code Generate} and {@code Chat} sample, {@code Score} asks a reward model, {@code Logprobs} shows
 * what a policy gives the tokens of a text. All but {@code Chat} are a {@link dev.flipside.cli.rows.RowCommand}, which
 * holds their flow. A {@code ChatSession} hears lines and {@code ChatCommand}s, asks the {@code ChatModel} and the
 * {@code ChatReward}, and keeps a {@code ChatHistory}.
 */
package dev.flipside.cli.model;
