package dev.flipside.eval.benchmark;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The components' means within each group of units: all that a benchmark's score is made of. */
final class Means {
    private final Map<String, double[]> sums;
    private final Map<String, double[]> weights;

    Means(Map<String, double[]> sums, Map<String, double[]> weights) {
        this.sums = sums;
        this.weights = weights;
    }

    static Means of(List<Unit> units) {
        Map<String, double[]> sums = new LinkedHashMap<>();
        Map<String, double[]> weights = new LinkedHashMap<>();
        for (Unit unit : units) {
            add(unit.sums(), sums.computeIfAbsent(unit.group(), g -> new double[unit.sums().length]));
            add(unit.weights(), weights.computeIfAbsent(unit.group(), g -> new double[unit.sums().length]));
        }
        return new Means(sums, weights);
    }

    static void add(double[] values, double[] to) {
        for (int i = 0; i < values.length; i++) {
            to[i] += values[i];
        }
    }

    /** The groups that have a unit, in the order of the items. */
    Set<String> groups() {
        return sums.keySet();
    }

    boolean has(String group) {
        return sums.containsKey(group);
    }

    /** NaN when the component counts nowhere in the group. */
    double mean(String group, int component) {
        return sums.get(group)[component] / weights.get(group)[component];
    }

    /** The mean over the units of several groups together. */
    double pooled(Collection<String> groups, int component) {
        return groups.stream().mapToDouble(g -> sums.get(g)[component]).sum() / weight(groups, component);
    }

    double weight(Collection<String> groups, int component) {
        return groups.stream().mapToDouble(g -> weights.get(g)[component]).sum();
    }

    double sum(String group, int component) {
        return sums.get(group)[component];
    }
}
