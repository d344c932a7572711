package dev.flipside.eval.benchmark;

import java.util.Collection;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One figure of a benchmark.
 *
 * @param count how many prompts (or comparisons, where the benchmark averages those) it is made of
 * @param value a share, from 0 to 1 unless the benchmark says otherwise
 */
record Metric(String name, double count, double value) {

    /** A group's mean of a component. */
    static Metric of(String name, Means means, String group, int component) {
        return new Metric(name, means.weight(List.of(group), component), means.mean(group, component));
    }

    /** The mean over the units of several groups together. */
    static Metric pooled(String name, Means means, Collection<String> groups, int component) {
        return new Metric(name, means.weight(groups, component), means.pooled(groups, component));
    }

    /** The mean of some figures, each with the same weight. */
    static Metric mean(String name, List<Metric> parts) {
        return mean(name, parts, Metric::value);
    }

    static Metric mean(String name, List<Metric> parts, ToDoubleFunction<Metric> value) {
        return new Metric(
                name,
                parts.stream().mapToDouble(Metric::count).sum(),
                parts.stream().mapToDouble(value).average().orElse(Double.NaN));
    }
}
