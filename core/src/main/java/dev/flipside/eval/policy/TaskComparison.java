package dev.flipside.eval.policy;

import dev.flipside.algo.McNemar;
import dev.flipside.config.UserError;
import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Two evaluations of the same items, compared item by item. */
public final class TaskComparison {
    private TaskComparison() {}

    /**
     * One metric of both.
     *
     * @param other the other evaluation's share
     * @param difference this evaluation's share minus the other's, with the 95 % interval of the paired bootstrap over
     *     prompts
     * @param disagreements {@code worse} are items that only the other has right, {@code better} those that only this
     *     one has; empty for a metric in which an item counts more than once
     */
    public record Row(double other, Interval difference, Optional<McNemar> disagreements) {}

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

    /**
     * Whether an evaluation of the items with these ids can be compared with {@code other}: to be asked before they are
     * answered.
     *
     * @throws UserError when the other's items are not the same
     */
    public static void requireSameItems(List<String> ids, TaskResult other) {
        Set<String> here = new HashSet<>(ids);
        long both =
                other.items().stream().filter(item -> here.contains(item.id())).count();
        if (both != here.size() || both != other.items().size()) {
            throw new UserError(
                    "--compare: this evaluation has " + here.size() + " items, the other "
                            + other.items().size() + ", and " + both
                            + " are in both; only evaluations of the same items are compared, so run both with the same data and --limit.");
        }
    }

    /** The other's items in this one's order. */
    private static List<MarkedItem> paired(TaskResult now, TaskResult other) {
        requireSameItems(now.items().stream().map(MarkedItem::id).toList(), other);
        Map<String, MarkedItem> byId = new HashMap<>();
        other.items().forEach(item -> byId.put(item.id(), item));
        List<MarkedItem> paired = new ArrayList<>();
        for (MarkedItem item : now.items()) {
            MarkedItem before = byId.get(item.id());
            if (!extents(before).equals(extents(item))) {
                throw new UserError("--compare: the item " + item.id()
                        + " has other metrics in the other evaluation; it is of another task or of other data.");
            }
            paired.add(before);
        }
        return paired;
    }

    private static Map<String, Integer> extents(MarkedItem item) {
        Map<String, Integer> extents = new HashMap<>();
        item.marks().scores().forEach((metric, score) -> extents.put(metric, score.of()));
        return extents;
    }
}
