package dev.flipside.cli.report;

import java.util.List;

/**
 * An arm's curve; null where it was not measured. The band is empty with fewer than three seeds, and so are the seeds
 * of a single run.
 */
record Curve(
        String name, int colour, List<Double> mean, List<Double> low, List<Double> high, List<List<Double>> seeds) {}
