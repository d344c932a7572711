package dev.flipside.task;

/**
 * What the true rewards of a policy's samples are like, over all groups that were drawn for pairs.
 *
 * @param completions how many there were
 * @param mean their mean reward
 * @param stdWithinGroups root of the mean variance within a prompt's group: what a policy can learn from
 * @param spearmanLength rank correlation of reward and length in characters; NaN where either is constant
 * @param truncatedFrac share of completions that did not end by themselves
 */
public record SampleFigures(
        int completions, double mean, double stdWithinGroups, double spearmanLength, double truncatedFrac) {}
