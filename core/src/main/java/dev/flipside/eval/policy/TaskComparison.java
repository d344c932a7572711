package dev.flipside.eval.policy;

import dev.flipside.algo.McNemar;
import dev.flipside.config.UserError;
import dev.flipside.eval.Bootstrap;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Two evaluations of the same items, compared item by item. */
public final class TaskComparison {
    private TaskComparison() {}

    /**
     * One metric of both.
     *
     * @param other the other evaluation's share
     * @param difference this evaluation's share minus the other's, with the 95 % interval of the paired bootstrap over prompts
     * @param disagreements {@code worse} are items that only the other has right, {@code better} those that only this one has; empty for a metric in which an item counts more than once
     */
    public record Row(double other, Bootstrap.Interval difference, Optional<McNemar> disagreements) {}

    /**
     * Every metric of both, in the task's order.
     *
     * @throws UserError when the evaluations are not of the same items
     */
    public static Map<String, Row> of(TaskResult now, TaskResult other) {
        List<MarkedItem> paired = paired(now, other);
        TaskResult before = new TaskResult(paired);
        Map<String, Row> rows = new LinkedHashMap<>();
        for (String metric : now.metrics().keySet()) {
            double[] hits = now.hits(metric);
            double[] hitsBefore = before.hits(metric);
            double[] of = now.of(metric);
            double[] gained = new double[hits.length];
            Arrays.setAll(gained, i -> hits[i] - hitsBefore[i]);
            boolean single = Arrays.stream(of).allMatch(count -> count == 1);
            rows.put(
                    metric,
                    new Row(
                            Arrays.stream(hitsBefore).sum() / Arrays.stream(of).sum(),
                            Bootstrap.ratioOf(gained, of),
                            single ? Optional.of(disagreements(gained)) : Optional.empty()));
        }
        return rows;
    }

    private static McNemar disagreements(double[] gained) {
        return new McNemar((int) Arrays.stream(gained).filter(g -> g < 0).count(), (int)
                Arrays.stream(gained).filter(g -> g > 0).count());
    }

    /** The other's items in this one's order. */
    private static List<MarkedItem> paired(TaskResult now, TaskResult other) {
        Map<String, MarkedItem> byId = new HashMap<>();
        other.items().forEach(item -> byId.put(item.id(), item));
        List<MarkedItem> paired = now.items().stream()
                .filter(item -> byId.containsKey(item.id()))
                .map(item -> byId.get(item.id()))
                .toList();
        if (paired.size() != now.items().size()
                || paired.size() != other.items().size()) {
            throw new UserError(
                    "--compare: this evaluation has " + now.items().size() + " items, the other "
                            + other.items().size() + ", and " + paired.size()
                            + " are in both; only evaluations of the same items are compared, so run both with the same data and --limit.");
        }
        for (int i = 0; i < paired.size(); i++) {
            if (!extents(paired.get(i)).equals(extents(now.items().get(i)))) {
                throw new UserError("--compare: the item " + paired.get(i).id()
                        + " has other metrics in the other evaluation; it is of another task or of other data.");
            }
        }
        return paired;
    }

    private static Map<String, Integer> extents(MarkedItem item) {
        Map<String, Integer> extents = new HashMap<>();
        item.marks().scores().forEach((metric, score) -> extents.put(metric, score.of()));
        return extents;
    }
}
