package dev.flipside.eval.benchmark;

import dev.flipside.algo.McNemar;
import dev.flipside.config.UserError;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two models on the same items of a benchmark.
 *
 * @param figures by name, the benchmark's headline first
 * @param items which only one model gets (more) right: {@code better} this one, {@code worse} the other. An item counts
 *     once, whatever the number of its comparisons, so that the exact McNemar test applies
 * @param left items that one of the two could not score; they count for neither
 */
public record BenchmarkComparison(Map<String, Figure> figures, McNemar items, int left) {

    /**
     * One figure of both.
     *
     * @param other the other model's
     * @param difference this model's minus the other's, with the 95 % interval of the paired bootstrap over prompts
     */
    public record Figure(double other, Interval difference) {}

    /**
     * Compares item by item.
     *
     * @throws UserError when the two are not results of the same items in the same order
     */
    public static BenchmarkComparison of(RewardBenchmark benchmark, List<ScoredItem> now, List<ScoredItem> other) {
        requireSameItems(benchmark, now, other);
        BenchmarkRule rule = benchmark.rule();
        List<ScoredItem> ours = new ArrayList<>();
        List<ScoredItem> theirs = new ArrayList<>();
        for (int i = 0; i < now.size(); i++) {
            if (rule.counts(now.get(i)) && rule.counts(other.get(i))) {
                ours.add(now.get(i));
                theirs.add(other.get(i));
            }
        }
        List<Unit> unitsNow = rule.units(ours);
        List<Unit> unitsOther = rule.units(theirs);
        if (unitsNow.isEmpty()) {
            throw new UserError("--compare: no item of " + benchmark.title() + " was scored by both models.");
        }
        Map<String, Double> values = new LinkedHashMap<>();
        rule.metrics(Means.of(unitsOther)).forEach(metric -> values.put(metric.name(), metric.value()));
        Map<String, Figure> figures = new LinkedHashMap<>();
        PromptBootstrap.differences(rule, unitsNow, unitsOther)
                .forEach((name, difference) -> figures.put(name, new Figure(values.get(name), difference)));
        return new BenchmarkComparison(figures, disagreements(rule, ours, theirs), now.size() - ours.size());
    }

    private static McNemar disagreements(BenchmarkRule rule, List<ScoredItem> now, List<ScoredItem> other) {
        int better = 0;
        int worse = 0;
        for (int i = 0; i < now.size(); i++) {
            // NaN, an item that is not decided, is neither.
            double ours = rule.credit(now.get(i));
            double theirs = rule.credit(other.get(i));
            better += ours > theirs ? 1 : 0;
            worse += ours < theirs ? 1 : 0;
        }
        return new McNemar(worse, better);
    }

    private static void requireSameItems(RewardBenchmark benchmark, List<ScoredItem> now, List<ScoredItem> other) {
        if (now.size() != other.size()) {
            throw new UserError("--compare: " + benchmark.title() + " has " + now.size() + " items here and "
                    + other.size() + " in the other result; score both models on the same files.");
        }
        for (int i = 0; i < now.size(); i++) {
            if (!now.get(i).isSameItem(other.get(i))) {
                throw new UserError("--compare: item " + (i + 1) + " of " + benchmark.title() + " is '"
                        + now.get(i).id() + "' here and another one ('"
                        + other.get(i).id()
                        + "') in the other result; score both models on the same files.");
            }
        }
    }
}
