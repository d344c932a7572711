package dev.flipside.eval.policy;

import java.util.Map;

/**
 * What a program found in one answer.
 *
 * @param scores by metric; every item of a task has the same metrics, in the same order
 * @param groups scores by the groups that this item belongs to, such as its level or its kinds of instructions
 * @param details what was compared; JSON values by name, null where nothing was found
 */
public record Marks(Map<String, Score> scores, Map<String, Score> groups, Map<String, Object> details) {}
