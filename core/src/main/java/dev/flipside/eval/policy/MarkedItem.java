package dev.flipside.eval.policy;

/**
 * One item of a finished evaluation.
 *
 * @param id of its prompt
 * @param truncated whether the answer was truncated
 */
public record MarkedItem(String id, boolean truncated, Marks marks) {}
