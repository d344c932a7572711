package dev.flipside.cli.policy;

import dev.flipside.algo.McNemar;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.eval.Interval;
import dev.flipside.eval.policy.Score;
import dev.flipside.eval.policy.TaskComparison;
import dev.flipside.eval.policy.TaskResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The result of an evaluation by program, for people and as JSON.
 *
 * @param source what answered: a model or a file
 * @param comparison by metric, when another evaluation was given
 */
record TaskReport(
        String task, String source, TaskResult result, Path out, Optional<Map<String, TaskComparison.Row>> comparison) {

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task", task);
        json.put("answers", source);
        json.put("items", result.items().size());
        json.put("truncated", result.truncated());
        Map<String, Object> metrics = new LinkedHashMap<>();
        result.metrics().forEach((name, metric) -> {
            Map<String, Object> values = interval(metric.interval());
            values.put("hits", metric.total().hits());
            values.put("of", metric.total().of());
            metrics.put(name, values);
        });
        json.put("metrics", metrics);
        json.put("groups", result.groups());
        comparison.ifPresent(rows -> json.put("comparison", comparisonJson(rows)));
        json.put("out", out.toString());
        return json;
    }

    private static Map<String, Object> comparisonJson(Map<String, TaskComparison.Row> rows) {
        Map<String, Object> json = new LinkedHashMap<>();
        rows.forEach((name, row) -> {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("other", row.other());
            values.put("difference", interval(row.difference()));
            row.disagreements().ifPresent(test -> {
                values.put("better", test.better());
                values.put("worse", test.worse());
                values.put("p", test.twoSidedPValue());
            });
            json.put(name, values);
        });
        return json;
    }

    private static Map<String, Object> interval(Interval interval) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("mean", interval.mean());
        values.put("low", interval.low());
        values.put("high", interval.high());
        return values;
    }

    String text() {
        StringBuilder text = new StringBuilder(metrics());
        comparison.ifPresent(rows -> text.append('\n').append(comparison(rows)));
        if (!result.groups().isEmpty()) {
            text.append('\n').append(groups());
        }
        text.append('\n')
                .append(result.items().size())
                .append(" answers of ")
                .append(source)
                .append(", ")
                .append(result.truncated())
                .append(" of them cut at the length limit; item by item in ")
                .append(out.resolve("results.jsonl"));
        return text.toString();
    }

    private String metrics() {
        List<List<String>> rows = new ArrayList<>();
        result.metrics()
                .forEach((name, metric) -> rows.add(List.of(
                        name,
                        Numbers.percent(metric.interval().mean()),
                        range(metric.interval()),
                        String.valueOf(metric.total().hits()),
                        String.valueOf(metric.total().of()))));
        return new Table(List.of(task, "score", "95 % interval", "right", "of"), rows).render();
    }

    private String comparison(Map<String, TaskComparison.Row> compared) {
        List<List<String>> rows = new ArrayList<>();
        compared.forEach((name, row) -> rows.add(List.of(
                name,
                Numbers.percent(row.other()),
                Numbers.signedPercent(row.difference().mean()),
                range(row.difference()),
                row.disagreements().map(test -> String.valueOf(test.better())).orElse(""),
                row.disagreements().map(test -> String.valueOf(test.worse())).orElse(""),
                row.disagreements()
                        .map(McNemar::twoSidedPValue)
                        .map(p -> Numbers.fixed(p, 3))
                        .orElse(""))));
        return new Table(
                        List.of(
                                "compared",
                                "other",
                                "difference",
                                "95 % interval",
                                "only here",
                                "only there",
                                "McNemar p"),
                        rows)
                .render();
    }

    private String groups() {
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<String, Score> group : result.groups().entrySet()) {
            rows.add(List.of(
                    group.getKey(),
                    Numbers.percent(group.getValue().share()),
                    String.valueOf(group.getValue().hits()),
                    String.valueOf(group.getValue().of())));
        }
        return new Table(List.of("by group", "score", "right", "of"), rows).render();
    }

    private static String range(Interval interval) {
        return Numbers.percentRange(interval.low(), interval.high());
    }
}
