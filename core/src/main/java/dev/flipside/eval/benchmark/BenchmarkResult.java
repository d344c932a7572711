package dev.flipside.eval.benchmark;

import dev.flipside.config.UserError;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A benchmark's figures for one model.
 *
 * @param figures the benchmark's headline first
 * @param prompts items that count
 * @param answers their answers
 * @param skipped items that could not be scored, since an answer alone fills the model's positions; they count nowhere
 * @param truncated prompts of which the beginning was truncated
 * @param comparisons labelled pairs of answers
 * @param ties those of them with two equal rewards
 * @param alike comparisons of two answers that are the same tokens to the model: ties, or left out where the benchmark
 *     is a preference file
 * @param missing parts of the benchmark without an item
 */
public record BenchmarkResult(
        RewardBenchmark benchmark,
        List<Figure> figures,
        int prompts,
        int answers,
        int skipped,
        int truncated,
        int comparisons,
        int ties,
        int alike,
        List<String> missing) {

    /**
     * One figure, a share of 1 unless the benchmark says otherwise.
     *
     * @param count what it is made of: prompts, or pairs where the benchmark averages those
     * @param score with its 95 % interval over prompts
     * @param longer the same figure when the longer answer has the higher reward
     * @param markdown the same when the answer with more Markdown has
     */
    public record Figure(String name, double count, Interval score, double longer, double markdown) {}

    /**
     * The figures of scored items.
     *
     * @throws UserError when no item was scored
     */
    public static BenchmarkResult of(RewardBenchmark benchmark, List<ScoredItem> all) {
        BenchmarkRule rule = benchmark.rule();
        List<ScoredItem> scored = all.stream().filter(ScoredItem::isScored).toList();
        List<ScoredItem> items = scored.stream().filter(rule::counts).toList();
        int alike = scored.stream().mapToInt(item -> item.alike().size()).sum();
        List<Unit> units = rule.units(items);
        if (units.isEmpty()) {
            throw new UserError(benchmark.title() + ": none of " + all.size()
                    + " items could be scored"
                    + (items.size() == scored.size()
                            ? "; see that the model has positions for more tokens than the longest answer."
                            : ", since in " + alike
                                    + " both replies are the same tokens to the model; take another chat template."));
        }
        Means means = Means.of(units);
        Map<String, Interval> intervals = PromptBootstrap.intervals(rule, units);
        Map<String, Double> longer = baseline(rule, items, ScoredItem::characters);
        Map<String, Double> markdown = baseline(rule, items, ScoredItem::markdown);
        List<Figure> figures = new ArrayList<>();
        for (Metric metric : rule.metrics(means)) {
            String name = metric.name();
            figures.add(new Figure(name, metric.count(), intervals.get(name), longer.get(name), markdown.get(name)));
        }
        return new BenchmarkResult(
                benchmark,
                figures,
                items.size(),
                items.stream().mapToInt(item -> item.rewards().size()).sum(),
                all.size() - scored.size(),
                (int) items.stream().filter(item -> item.cutTokens() > 0).count(),
                items.stream().mapToInt(item -> item.comparisons().size()).sum(),
                items.stream().mapToInt(ScoredItem::ties).sum(),
                alike,
                rule.missing(means.groups()));
    }

    private static Map<String, Double> baseline(
            BenchmarkRule rule, List<ScoredItem> items, Function<ScoredItem, List<Integer>> style) {
        List<ScoredItem> judged = items.stream()
                .map(item -> item.withRewards(
                        style.apply(item).stream().map(Integer::doubleValue).toList()))
                .toList();
        return rule.metrics(Means.of(rule.units(judged))).stream()
                .collect(Collectors.toMap(Metric::name, Metric::value, (a, b) -> a, LinkedHashMap::new));
    }
}
