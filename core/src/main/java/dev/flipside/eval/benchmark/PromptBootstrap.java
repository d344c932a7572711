package dev.flipside.eval.benchmark;

import dev.flipside.engine.Seeds;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Percentile bootstrap of a benchmark's figures (Efron 1979): within each group of units the prompts are drawn with
 * replacement, all units of a prompt together, and the figures are computed anew. Groups keep their sizes, since a
 * benchmark's composition is not random.
 */
final class PromptBootstrap {
    private static final int RESAMPLES = 10_000;
    private static final double TAIL = 0.025;
    /** Fixed, so that the same scores always give the same interval. */
    private static final Seeds SEEDS = new Seeds(0);

    /** One group's prompts: {@code sums[prompt][component]}, likewise the weights. */
    @SuppressWarnings("ArrayRecordComponent") // added up ten thousand times, never compared
    private record Group(String name, double[][] sums, double[][] weights) {}

    private PromptBootstrap() {}

    /** Every figure with its 95 % interval, in the order of the rule. */
    static Map<String, Interval> intervals(BenchmarkRule rule, List<Unit> units) {
        List<Group> groups = groups(units);
        return intervals(figures(rule, Means.of(units)), resample -> figures(rule, draw(groups, random(resample))));
    }

    /**
     * Every figure's difference, {@code now} minus {@code before}, with its 95 % interval: both sides see the same
     * prompts in every draw.
     *
     * @param before the units of the same items in the same order
     */
    static Map<String, Interval> differences(BenchmarkRule rule, List<Unit> now, List<Unit> before) {
        List<Group> groupsNow = groups(now);
        List<Group> groupsBefore = groups(before);
        return intervals(
                minus(figures(rule, Means.of(now)), figures(rule, Means.of(before))),
                resample -> minus(
                        figures(rule, draw(groupsNow, random(resample))),
                        figures(rule, draw(groupsBefore, random(resample)))));
    }

    private static Map<String, Double> figures(BenchmarkRule rule, Means means) {
        Map<String, Double> figures = new LinkedHashMap<>();
        rule.metrics(means).forEach(metric -> figures.put(metric.name(), metric.value()));
        return figures;
    }

    private static Map<String, Double> minus(Map<String, Double> now, Map<String, Double> before) {
        Map<String, Double> differences = new LinkedHashMap<>();
        now.forEach((name, value) -> differences.put(name, value - before.getOrDefault(name, Double.NaN)));
        return differences;
    }

    private static Map<String, Interval> intervals(
            Map<String, Double> observed, IntFunction<Map<String, Double>> draw) {
        List<Map<String, Double>> draws =
                IntStream.range(0, RESAMPLES).parallel().mapToObj(draw).toList();
        Map<String, Interval> intervals = new LinkedHashMap<>();
        observed.forEach((name, value) -> {
            double[] values = draws.stream()
                    .mapToDouble(figures -> figures.getOrDefault(name, Double.NaN))
                    .filter(Double::isFinite)
                    .sorted()
                    .toArray();
            intervals.put(name, new Interval(value, quantile(values, TAIL), quantile(values, 1 - TAIL)));
        });
        return intervals;
    }

    /** A resample's own generator: both sides of a comparison begin with the same one, and threads share none. */
    private static SplittableRandom random(int resample) {
        return SEEDS.random(Seeds.Stream.EVALUATION, resample);
    }

    private static double quantile(double[] sorted, double share) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) (share * sorted.length)];
    }

    private static Means draw(List<Group> groups, SplittableRandom random) {
        Map<String, double[]> sums = new LinkedHashMap<>();
        Map<String, double[]> weights = new LinkedHashMap<>();
        for (Group group : groups) {
            int prompts = group.sums().length;
            double[] sum = new double[group.sums()[0].length];
            double[] weight = new double[sum.length];
            for (int p = 0; p < prompts; p++) {
                int drawn = random.nextInt(prompts);
                Means.add(group.sums()[drawn], sum);
                Means.add(group.weights()[drawn], weight);
            }
            sums.put(group.name(), sum);
            weights.put(group.name(), weight);
        }
        return new Means(sums, weights);
    }

    private static List<Group> groups(List<Unit> units) {
        Map<String, Map<String, List<Unit>>> prompts = new LinkedHashMap<>();
        for (Unit unit : units) {
            prompts.computeIfAbsent(unit.group(), g -> new LinkedHashMap<>())
                    .computeIfAbsent(unit.cluster(), c -> new ArrayList<>())
                    .add(unit);
        }
        List<Group> groups = new ArrayList<>();
        prompts.forEach((name, clusters) -> groups.add(new Group(
                name,
                clusters.values().stream().map(c -> total(c, Unit::sums)).toArray(double[][]::new),
                clusters.values().stream().map(c -> total(c, Unit::weights)).toArray(double[][]::new))));
        return groups;
    }

    private static double[] total(List<Unit> units, Function<Unit, double[]> of) {
        double[] total = Arrays.copyOf(of.apply(units.get(0)), of.apply(units.get(0)).length);
        units.stream().skip(1).forEach(unit -> Means.add(of.apply(unit), total));
        return total;
    }
}
