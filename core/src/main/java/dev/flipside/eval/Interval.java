package dev.flipside.eval;

/**
 * A mean with its 95 % interval by {@link Bootstrap}.
 *
 * @param low the 2.5 % quantile of the resampled means
 * @param high the 97.5 % quantile
 */
public record Interval(double mean, double low, double high) {}
