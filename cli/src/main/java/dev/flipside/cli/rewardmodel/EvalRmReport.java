package dev.flipside.cli.rewardmodel;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.eval.Interval;
import dev.flipside.eval.benchmark.BenchmarkComparison;
import dev.flipside.eval.benchmark.BenchmarkResult;
import dev.flipside.eval.benchmark.RewardBenchmark;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A benchmark's result for people and as JSON.
 *
 * @param timing absent for scores that were kept before
 */
record EvalRmReport(BenchmarkResult result, Optional<ScoringTime> timing, Optional<BenchmarkComparison> comparison) {

    String text(Optional<String> comparedWith) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s: %,d prompts, %,d answers%s\n",
                result.benchmark().title(),
                result.prompts(),
                result.answers(),
                timing.map(t -> ", " + Numbers.rate(t.answersPerSecond(), "answers"))
                        .orElse("")));
        text.append(figures()).append(notes());
        comparison.ifPresent(c -> text.append('\n').append(comparison(c, comparedWith.orElse("the other"))));
        return text.toString();
    }

    private String figures() {
        List<List<String>> rows = new ArrayList<>();
        for (BenchmarkResult.Figure figure : result.figures()) {
            rows.add(List.of(
                    figure.name(),
                    Numbers.count(Math.round(figure.count())),
                    Numbers.percent(figure.score().mean()),
                    interval(figure.score()),
                    Numbers.percent(figure.longer()),
                    Numbers.percent(figure.markdown())));
        }
        return new Table(List.of("%", "n", "score", "95 % interval", "longer wins", "Markdown wins"), rows).render();
    }

    private String notes() {
        StringBuilder notes = new StringBuilder(String.format(
                Locale.ROOT,
                "ties: %,d of %,d comparisons; %s\n",
                result.ties(),
                result.comparisons(),
                result.benchmark().tieRule()));
        if (result.alike() > 0) {
            notes.append(
                    result.benchmark() == RewardBenchmark.PAIRS
                            ? String.format(
                                    Locale.ROOT,
                                    "%,d pairs left out: both replies are the same tokens to the model\n",
                                    result.alike())
                            : String.format(
                                    Locale.ROOT,
                                    "%,d of the ties compare answers that are the same tokens to the model\n",
                                    result.alike()));
        }
        if (result.truncated() > 0) {
            notes.append(String.format(
                    Locale.ROOT,
                    "%,d prompts lost their beginning: with an answer they are longer than the model reads\n",
                    result.truncated()));
        }
        if (result.skipped() > 0) {
            notes.append(String.format(
                    Locale.ROOT,
                    "%,d items left out: an answer alone is longer than the model reads\n",
                    result.skipped()));
        }
        if (!result.missing().isEmpty()) {
            notes.append("not in the files, and so not in the means: ")
                    .append(String.join(", ", result.missing()))
                    .append('\n');
        }
        return notes.toString();
    }

    private static String comparison(BenchmarkComparison comparison, String other) {
        List<List<String>> rows = new ArrayList<>();
        comparison
                .figures()
                .forEach((name, figure) -> rows.add(List.of(
                        name,
                        Numbers.percent(figure.other()),
                        Numbers.signedPercent(figure.difference().mean()),
                        interval(figure.difference()))));
        return new Table(List.of("against " + other, "its score", "difference", "95 % interval"), rows).render()
                + String.format(
                        Locale.ROOT,
                        "items that only this model has (more) right: %,d, only the other: %,d; exact McNemar test, two-sided: p = %.3g\n",
                        comparison.items().better(),
                        comparison.items().worse(),
                        comparison.items().twoSidedPValue())
                + (comparison.left() == 0
                        ? ""
                        : comparison.left() + " items that one of the two could not score are left out\n");
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("prompts", result.prompts());
        object.put("answers", result.answers());
        timing.ifPresent(t -> {
            object.put("seconds", t.seconds());
            object.put("answers_per_second", t.answersPerSecond());
        });
        List<Map<String, Object>> figures = new ArrayList<>();
        for (BenchmarkResult.Figure figure : result.figures()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", figure.name());
            one.put("n", figure.count());
            putInterval(one, "score", figure.score());
            one.put("longer_wins", finite(figure.longer()));
            one.put("markdown_wins", finite(figure.markdown()));
            figures.add(one);
        }
        object.put("figures", figures);
        object.put("comparisons", result.comparisons());
        object.put("ties", result.ties());
        object.put("alike", result.alike());
        object.put("tie_rule", result.benchmark().tieRule());
        object.put("cut_prompts", result.truncated());
        object.put("skipped_items", result.skipped());
        object.put("missing", result.missing());
        comparison.ifPresent(c -> object.put("comparison", object(c)));
        return object;
    }

    private static Map<String, Object> object(BenchmarkComparison comparison) {
        Map<String, Object> object = new LinkedHashMap<>();
        List<Map<String, Object>> figures = new ArrayList<>();
        comparison.figures().forEach((name, figure) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", name);
            one.put("other", finite(figure.other()));
            putInterval(one, "difference", figure.difference());
            figures.add(one);
        });
        object.put("figures", figures);
        object.put("better", comparison.items().better());
        object.put("worse", comparison.items().worse());
        object.put("p", comparison.items().twoSidedPValue());
        object.put("left_out", comparison.left());
        return object;
    }

    private static void putInterval(Map<String, Object> object, String name, Interval interval) {
        object.put(name, finite(interval.mean()));
        object.put("low", finite(interval.low()));
        object.put("high", finite(interval.high()));
    }

    /** JSON has no NaN: null stands for a figure that has nothing to be made of. */
    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private static String interval(Interval interval) {
        return Numbers.percentInterval(interval.low(), interval.high());
    }
}
