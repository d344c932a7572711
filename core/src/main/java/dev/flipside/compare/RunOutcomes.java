package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.config.ComparisonConfig.Over;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Measured;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What a comparison's runs measured, read from its folder.
 *
 * @param config of the comparison
 * @param histories by arm: the lines of each seed's {@code metrics.jsonl}, empty where there is no run yet
 * @param judged by arm: the judge's mean reward of each seed, NaN where it was not asked
 */
public record RunOutcomes(
        ComparisonConfig config, Map<String, List<List<Measured>>> histories, Map<String, double[]> judged) {
    /** The judge's outcome. */
    public static final String JUDGE = "judge/reward";

    private static final String METRICS = "metrics.jsonl";

    /** Reads the runs that are there. */
    public static RunOutcomes read(Path folder, ComparisonConfig config) {
        return read(folder, config, run -> Files.isRegularFile(run.resolve(METRICS)));
    }

    /**
     * Reads some of the runs.
     *
     * @param counts of a run's folder: whether what it measured is read; others count as not begun
     */
    public static RunOutcomes read(Path folder, ComparisonConfig config, Predicate<Path> counts) {
        Map<String, List<List<Measured>>> histories = new LinkedHashMap<>();
        Map<String, double[]> judged = new LinkedHashMap<>();
        for (String arm : config.arms().keySet()) {
            List<List<Measured>> runs = new ArrayList<>();
            for (long seed : config.comparison().seeds()) {
                Path run = ComparisonDirectory.run(folder, seed, arm);
                runs.add(counts.test(run) ? Alarms.read(run.resolve(METRICS)) : List.of());
            }
            histories.put(arm, runs);
            judged.put(
                    arm,
                    config.comparison().seeds().stream()
                            .mapToDouble(seed -> ComparisonDirectory.judged(folder, seed, arm)
                                    .orElse(Double.NaN))
                            .toArray());
        }
        return new RunOutcomes(config, histories, judged);
    }

    /** Differences, tests and verdicts. */
    public ComparisonResult result() {
        List<Map<String, double[]>> values = new ArrayList<>();
        for (Outcome outcome : config.comparison().outcomes()) {
            Map<String, double[]> byArm = new LinkedHashMap<>();
            histories.forEach((arm, runs) -> byArm.put(
                    arm,
                    outcome.metric().equals(JUDGE)
                            ? judged.get(arm)
                            : runs.stream()
                                    .mapToDouble(run -> value(outcome, run))
                                    .toArray()));
            values.add(byArm);
        }
        return ComparisonResult.of(config, values);
    }

    /** What a run came to; NaN where it did not measure it. */
    static double value(Outcome outcome, List<Measured> run) {
        double[] measured = run.stream()
                .map(line -> line.values().get(outcome.metric()))
                .filter(v -> v != null && Double.isFinite(v))
                .mapToDouble(v -> v)
                .toArray();
        if (measured.length == 0) {
            return Double.NaN;
        }
        double sum = 0;
        for (double v : measured) {
            sum += v;
        }
        return outcome.over() == Over.LAST ? measured[measured.length - 1] : sum / measured.length;
    }
}
