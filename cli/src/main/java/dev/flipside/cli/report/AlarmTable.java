package dev.flipside.cli.report;

import dev.flipside.compare.FiredRule;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.Diagnostic;
import dev.flipside.eval.alarm.Diagnostics;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import java.util.ArrayList;
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
        List<FiredRule> fired = new ArrayList<>();
        Map<String, Integer> colours = new LinkedHashMap<>();
        for (ArmRuns arm : arms) {
            Map<Long, List<Measured>> histories = new LinkedHashMap<>();
            arm.runs().forEach(run -> histories.put(run.seed(), run.history()));
            fired.addAll(FiredRule.of(arm.name(), histories));
            colours.put(arm.name(), arm.index());
        }
        return new AlarmTable(
                FiredRule.worstFirst(fired).stream()
                        .map(rule -> row(rule, colours.get(rule.arm())))
                        .toList(),
                List.of());
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

    private static Row row(FiredRule rule, int colour) {
        Alarm first = rule.first();
        return new Row(
                rule.arm(),
                colour,
                first.level().key(),
                first.name().replace('_', ' '),
                first.metric(),
                rule.bySeed().size() + " of " + rule.runs(),
                rule.steps().stream().map(String::valueOf).collect(Collectors.joining(", ")),
                Figures.number(first.value()) + " (threshold " + Figures.number(first.threshold()) + ")",
                first.meaning());
    }
}
