package dev.flipside.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.console.Numbers;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A summary.json that eval-rm or eval-policy wrote.
 *
 * @param source what was evaluated
 * @param folder of the evaluation
 * @param baselines whether "longer wins" and "Markdown wins" stand beside the scores
 * @param compared whether another model was evaluated on the same items
 */
record BenchmarkTable(String source, String folder, boolean baselines, boolean compared, List<Row> rows) {
    /** What eval-policy alpaca-eval, arena-hard and versus call their figures. */
    private static final List<String> JUDGED =
            List.of("win_rate", "length_controlled_win_rate", "score", "style_controlled_score", "mean_over_questions");

    /** A figure in percent with its 95 % interval. */
    record Row(
            String benchmark,
            String name,
            String count,
            String score,
            String range,
            String longer,
            String markdown,
            String difference,
            String differenceRange) {}

    /**
     * Reads a folder of results.
     *
     * @throws UserError when there is no summary.json in it, or one of another kind
     */
    static BenchmarkTable read(Path folder) {
        Path file = folder.resolve("summary.json");
        if (!Files.isRegularFile(file)) {
            throw new UserError("--benchmarks: " + folder
                    + " has no summary.json; name a folder that eval-rm or eval-policy wrote with --out.");
        }
        JsonNode summary;
        try {
            summary = StrictJson.MAPPER.readTree(file.toFile());
        } catch (IOException e) {
            throw new UserError("--benchmarks: " + file + " is not JSON (" + IoReason.of(e) + ").", e);
        }
        List<Row> rows = new ArrayList<>();
        for (Map.Entry<String, JsonNode> result : summary.path("results").properties()) {
            rewardModel(result.getKey(), result.getValue(), rows);
        }
        if (summary.has("metrics")) {
            policy(summary, rows);
        }
        if (summary.has("judge")) {
            judged(summary, rows);
        }
        if (rows.isEmpty()) {
            throw new UserError("--benchmarks: " + file + " holds neither results of eval-rm nor of eval-policy.");
        }
        String source = summary.path("model").asText(summary.path("answers").asText(folder.toString()));
        return new BenchmarkTable(
                source,
                folder.toString(),
                rows.stream().anyMatch(r -> !r.longer().isEmpty()),
                rows.stream().anyMatch(r -> !r.difference().isEmpty()),
                rows);
    }

    private static void rewardModel(String benchmark, JsonNode result, List<Row> rows) {
        for (JsonNode figure : result.path("figures")) {
            String name = figure.path("name").asText();
            JsonNode compared = null;
            for (JsonNode other : result.path("comparison").path("figures")) {
                compared = other.path("name").asText().equals(name) ? other : compared;
            }
            rows.add(new Row(
                    benchmark,
                    name,
                    figure.path("n").asText(),
                    Figures.percent(figure.path("score").asDouble(Double.NaN)),
                    range(figure),
                    Figures.percent(figure.path("longer_wins").asDouble(Double.NaN)),
                    Figures.percent(figure.path("markdown_wins").asDouble(Double.NaN)),
                    compared == null
                            ? ""
                            : Figures.percent(compared.path("difference").asDouble(Double.NaN)),
                    compared == null ? "" : range(compared)));
        }
    }

    private static void policy(JsonNode summary, List<Row> rows) {
        for (Map.Entry<String, JsonNode> metric : summary.path("metrics").properties()) {
            JsonNode compared = summary.path("comparison").path(metric.getKey()).path("difference");
            rows.add(new Row(
                    summary.path("task").asText(),
                    metric.getKey(),
                    metric.getValue().path("of").asText(),
                    Figures.percent(metric.getValue().path("mean").asDouble(Double.NaN)),
                    range(metric.getValue()),
                    "",
                    "",
                    compared.isMissingNode()
                            ? ""
                            : Figures.percent(compared.path("mean").asDouble(Double.NaN)),
                    compared.isMissingNode() ? "" : range(compared)));
        }
    }

    /** Win rates and scores; their interval is another one where the benchmark's authors have it so. */
    private static void judged(JsonNode summary, List<Row> rows) {
        for (String name : JUDGED) {
            JsonNode figure = summary.path(name);
            if (figure.isMissingNode()) {
                continue;
            }
            boolean other = name.endsWith("score") && summary.has("interval_of_scores");
            String level = other
                    ? " ("
                            + Numbers.fixed(
                                    100 * summary.path("interval_of_scores").asDouble(), 0) + " % interval)"
                    : "";
            rows.add(new Row(
                    summary.path("benchmark").asText(),
                    name.replace('_', ' ') + level,
                    summary.path("prompts").asText(),
                    Figures.percent(figure.path("mean").asDouble(Double.NaN)),
                    range(figure),
                    "",
                    "",
                    "",
                    ""));
        }
    }

    private static String range(JsonNode interval) {
        return Figures.percentRange(
                interval.path("low").asDouble(Double.NaN), interval.path("high").asDouble(Double.NaN));
    }
}
