package dev.flipside.eval.judge;

/**
 * A model's score in {@link ArenaHard} with the published interval.
 *
 * @param low the 5 % quantile over the resamples
 * @param high the 95 % quantile: the interval covers 90 %
 */
public record ArenaScore(double score, double low, double high) {}
