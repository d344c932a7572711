package dev.flipside.cli.report;

import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Diagnostic;
import dev.flipside.eval.alarm.Diagnostics;
import dev.flipside.eval.alarm.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Alarms of the runs, none of which needs the gold; and of a single run the table of what was measured.
 *
 * @param rows the worst first, then arm by arm
 * @param diagnostics of a single run; empty for a comparison
 */
record AlarmTable(List<Row> rows, List<Measure> diagnostics) {
    /**
     * A rule that fired in some of an arm's runs.
     *
     * @param level {@code alarm}, {@code warn} or {@code info}
     * @param runs in how many of how many
     * @param steps at which it first fired, seed by seed
     * @param crossing what the metric was, and the threshold, where it fired first
     */
    record Row(
            String arm,
            int colour,
            String level,
            String name,
            String metric,
            String runs,
            String steps,
            String crossing,
            String meaning) {}

    /** A metric of a single run. */
    record Measure(String label, String metric, String first, String last, String level, String meaning) {}

    static AlarmTable of(List<ArmRuns> arms) {
        List<Row> rows = new ArrayList<>();
        Map<Row, Level> levels = new LinkedHashMap<>();
        for (ArmRuns arm : arms) {
            Map<String, Map<Long, Alarm>> fired = new LinkedHashMap<>();
            for (ArmRuns.Run run : arm.runs()) {
                for (Alarm alarm : Alarms.of(run.history())) {
                    fired.computeIfAbsent(alarm.name(), k -> new LinkedHashMap<>())
                            .put(run.seed(), alarm);
                }
            }
            fired.values()
                    .forEach(bySeed -> levels.put(
                            row(arm, bySeed), bySeed.values().iterator().next().level()));
        }
        rows.addAll(levels.keySet());
        rows.sort(Comparator.comparing((Row row) -> levels.get(row)).reversed());
        return new AlarmTable(rows, List.of());
    }

    /** Of one run, with all diagnostics. */
    static AlarmTable ofRun(ArmRuns run) {
        List<Measure> measures = new ArrayList<>();
        for (Diagnostic d : Diagnostics.of(run.runs().get(0).history())) {
            measures.add(new Measure(
                    d.label(),
                    d.metric(),
                    Figures.number(d.first()),
                    Figures.number(d.last()),
                    d.level().map(Level::key).orElse(""),
                    d.says()));
        }
        return new AlarmTable(of(List.of(run)).rows(), measures);
    }

    private static Row row(ArmRuns arm, Map<Long, Alarm> bySeed) {
        Alarm first = bySeed.values().stream()
                .min(Comparator.comparingLong(Alarm::firstStep))
                .orElseThrow();
        String steps =
                bySeed.values().stream().map(a -> Long.toString(a.firstStep())).collect(Collectors.joining(", "));
        return new Row(
                arm.name(),
                arm.index(),
                first.level().key(),
                first.name().replace('_', ' '),
                first.metric(),
                bySeed.size() + " of " + arm.runs().size(),
                steps,
                Figures.number(first.value()) + " (threshold " + Figures.number(first.threshold()) + ")",
                first.meaning());
    }
}
