package dev.flipside.eval.policy;

import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an evaluation adds up to. Intervals are 95 %, from resampling the prompts.
 *
 * @param items at least one
 */
public record TaskResult(List<MarkedItem> items) {
    public TaskResult {
        items = List.copyOf(items);
        if (items.isEmpty()) {
            throw new IllegalArgumentException("no items");
        }
    }

    /**
     * Marks answers.
     *
     * @param answers one per item, in the items' order
     */
    public static TaskResult of(List<VerifiableItem> items, List<PolicyAnswer> answers) {
        List<MarkedItem> marked = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            PolicyAnswer answer = answers.get(i);
            marked.add(new MarkedItem(
                    answer.prompt().id(),
                    answer.truncated(),
                    items.get(i).marker().apply(answer.completion())));
        }
        return new TaskResult(marked);
    }

    /** A metric over all items. */
    public record Metric(Score total, Interval interval) {}

    /** How many answers were truncated. */
    public long truncated() {
        return items.stream().filter(MarkedItem::truncated).count();
    }

    /** Every metric, in the task's order. */
    public Map<String, Metric> metrics() {
        Map<String, Metric> metrics = new LinkedHashMap<>();
        for (String name : items.get(0).marks().scores().keySet()) {
            Score total = items.stream()
                    .map(item -> item.marks().scores().get(name))
                    .reduce(Score::plus)
                    .orElseThrow();
            metrics.put(name, new Metric(total, Bootstrap.ratioOf(hits(name), of(name))));
        }
        return metrics;
    }

    /** The sums by group, in the groups' alphabetical order. */
    public Map<String, Score> groups() {
        Map<String, Score> groups = new TreeMap<>();
        items.forEach(item -> item.marks().groups().forEach((name, score) -> groups.merge(name, score, Score::plus)));
        return groups;
    }

    /** The hits of each item in one metric. */
    double[] hits(String metric) {
        return items.stream()
                .mapToDouble(item -> item.marks().scores().get(metric).hits())
                .toArray();
    }

    /** What each item counts for in one metric. */
    double[] of(String metric) {
        return items.stream()
                .mapToDouble(item -> item.marks().scores().get(metric).of())
                .toArray();
    }
}
