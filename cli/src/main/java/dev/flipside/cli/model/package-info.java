/**
 * Using a model: {@code Generate} and {@code Chat} sample, {@code Score} asks a reward model, {@code Logprobs} shows what a policy gives the tokens of a text.
 */
package dev.flipside.cli.model;
