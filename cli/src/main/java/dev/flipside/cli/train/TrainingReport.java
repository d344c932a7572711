package dev.flipside.cli.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What a training has come to, from the run's metrics.jsonl: of the whole run, also where it was resumed in between.
 */
record TrainingReport(List<Figure> figures) {
    /** Which of a metric's values say something. */
    enum Part {
        FIRST,
        LAST,
        MEAN
    }

    /** A metric that may be in metrics.jsonl. */
    private record Wanted(String metric, String label, Set<Part> parts) {}

    private static final Set<Part> BEFORE_AND_AFTER = Set.of(Part.FIRST, Part.LAST);
    private static final List<Wanted> TRAINING = List.of(
            new Wanted("eval_rm/accuracy", "held-out pair accuracy", BEFORE_AND_AFTER),
            new Wanted("eval_reward", "held-out reward", BEFORE_AND_AFTER),
            new Wanted("eval_gold", "held-out gold reward", BEFORE_AND_AFTER),
            new Wanted("reward", "reward", Set.of(Part.values())),
            new Wanted("completions/mean_length", "completion length", Set.of(Part.values())),
            new Wanted("completions/clipped_ratio", "cut at the length limit", Set.of(Part.MEAN)),
            new Wanted("save/kept_frac", "kept fraction", Set.of(Part.MEAN)),
            new Wanted("save/rank_corr", "rank correlation of the updates", Set.of(Part.MEAN)),
            new Wanted("save/rollbacks", "updates rolled back", Set.of(Part.LAST)),
            new Wanted("policy/weight_change", "weight change of the policy", Set.of(Part.LAST)),
            new Wanted("save/rm_weight_change", "weight change of the reward model", Set.of(Part.LAST)));
    private static final List<Wanted> REWARD_TRAINING = List.of(
            new Wanted("eval_rm/accuracy", "held-out pair accuracy", BEFORE_AND_AFTER),
            new Wanted("eval_rm/margin", "held-out margin", BEFORE_AND_AFTER),
            new Wanted("eval_rm/ece", "held-out calibration error", BEFORE_AND_AFTER),
            new Wanted("eval_rm/length_corr", "held-out length correlation", BEFORE_AND_AFTER),
            new Wanted("loss", "loss", Set.of(Part.values())),
            new Wanted("accuracy", "accuracy", Set.of(Part.values())),
            new Wanted("tokens_per_s/train", "tokens/s", Set.of(Part.MEAN)));

    /**
     * One metric.
     *
     * @param metric its name in metrics.jsonl
     * @param label for people
     * @param first value logged, {@code last} value logged and {@code mean} of those logged, where they say something
     */
    record Figure(String metric, String label, OptionalDouble first, OptionalDouble last, OptionalDouble mean) {}

    /** Of {@code flipside train}. */
    static TrainingReport ofTraining(Path run) {
        return read(run, TRAINING);
    }

    /** Of {@code flipside train-rm}. */
    static TrainingReport ofRewardTraining(Path run) {
        return read(run, REWARD_TRAINING);
    }

    private static TrainingReport read(Path run, List<Wanted> wanted) {
        Path file = run.resolve("metrics.jsonl");
        Map<String, List<Double>> values = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                JsonNode row = StrictJson.MAPPER.readTree(line);
                for (Wanted w : wanted) {
                    // A value that was not finite is null.
                    if (row.path(w.metric()).isNumber()) {
                        values.computeIfAbsent(w.metric(), k -> new ArrayList<>())
                                .add(row.get(w.metric()).asDouble());
                    }
                }
            }
        } catch (IOException e) {
            throw new UserError(file + " cannot be read: " + IoReason.of(e) + ".", e);
        }
        return new TrainingReport(wanted.stream()
                .filter(w -> values.containsKey(w.metric()))
                .map(w -> figure(w, values.get(w.metric())))
                .toList());
    }

    private static Figure figure(Wanted wanted, List<Double> values) {
        return new Figure(
                wanted.metric(),
                wanted.label(),
                part(wanted, Part.FIRST, values.get(0)),
                // What was measured once says nothing of a change.
                values.size() == 1 && wanted.parts().contains(Part.FIRST)
                        ? OptionalDouble.empty()
                        : part(wanted, Part.LAST, values.get(values.size() - 1)),
                part(
                        wanted,
                        Part.MEAN,
                        values.stream().mapToDouble(v -> v).average().orElseThrow()));
    }

    private static OptionalDouble part(Wanted wanted, Part part, double value) {
        return wanted.parts().contains(part) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    /** An aligned table. */
    String text() {
        return new Table(
                        List.of("", "first", "last", "mean"),
                        figures.stream()
                                .map(f -> List.of(f.label(), cell(f.first()), cell(f.last()), cell(f.mean())))
                                .toList())
                .render();
    }

    private static String cell(OptionalDouble value) {
        return value.isPresent() ? Numbers.number(value.getAsDouble()) : "";
    }

    /** {@code {metric: {first, last, mean}}}. */
    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        for (Figure figure : figures) {
            Map<String, Double> parts = new LinkedHashMap<>();
            figure.first().ifPresent(v -> parts.put("first", v));
            figure.last().ifPresent(v -> parts.put("last", v));
            figure.mean().ifPresent(v -> parts.put("mean", v));
            object.put(figure.metric(), parts);
        }
        return object;
    }
}
