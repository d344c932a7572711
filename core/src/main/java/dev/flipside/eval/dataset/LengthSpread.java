package dev.flipside.eval.dataset;

/**
 * How lengths are spread; percentiles are lengths that occur (nearest rank). All zero for no lengths.
 *
 * @param count of texts
 */
public record LengthSpread(int count, int min, int median, int p95, int max) {}
