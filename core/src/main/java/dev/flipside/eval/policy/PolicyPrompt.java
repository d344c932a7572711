package dev.flipside.eval.policy;

import dev.flipside.text.Conversation;

/**
 * One prompt of a policy's evaluation.
 *
 * @param id unique in its benchmark
 * @param messages what the policy replies to
 */
public record PolicyPrompt(String id, Conversation messages) {}
