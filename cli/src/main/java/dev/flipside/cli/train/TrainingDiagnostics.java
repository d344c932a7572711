package dev.flipside.cli.train;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Diagnostic;
import dev.flipside.eval.alarm.Diagnostics;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a run's metrics say about its health, at the end of {@code flipside train}. */
record TrainingDiagnostics(List<Alarm> fired, List<Diagnostic> table) {

    /** From the run's metrics.jsonl: of the whole run, also where it was resumed in between. */
    static TrainingDiagnostics of(Path run) {
        List<Measured> history = Alarms.read(run.resolve("metrics.jsonl"));
        return new TrainingDiagnostics(Alarms.of(history), Diagnostics.of(history));
    }

    /** An aligned table, and below it a sentence for every alarm, the worst first. */
    String text() {
        StringBuilder text = new StringBuilder(new Table(
                        List.of("Diagnostics", "first", "last", "alarm", "meaning"),
                        table.stream()
                                .map(d -> List.of(
                                        d.label(),
                                        Numbers.number(d.first()),
                                        Numbers.number(d.last()),
                                        d.level().map(Level::key).orElse(""),
                                        d.says()))
                                .toList())
                .render());
        text.append(fired.isEmpty() ? "no alarm fired\n" : "\n");
        fired.stream()
                .sorted(Comparator.comparing(Alarm::level).reversed())
                .forEach(alarm -> text.append(alarm.sentence()).append('\n'));
        return text.toString();
    }

    /** One object per alarm, in the order in which they fired. */
    List<Map<String, Object>> alarms() {
        List<Map<String, Object>> objects = new ArrayList<>();
        for (Alarm alarm : fired) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("name", alarm.name());
            object.put("level", alarm.level().key());
            object.put("metric", alarm.metric());
            object.put("first_step", alarm.firstStep());
            object.put("value", alarm.value());
            object.put("threshold", alarm.threshold());
            object.put("meaning", alarm.meaning());
            objects.add(object);
        }
        return objects;
    }

    /** {@code {metric: {first, last, level, meaning}}}; level is null where no alarm is on. */
    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        for (Diagnostic d : table) {
            Map<String, Object> parts = new LinkedHashMap<>();
            parts.put("first", d.first());
            parts.put("last", d.last());
            parts.put("level", d.level().map(Level::key).orElse(null));
            parts.put("meaning", d.meaning());
            object.put(d.metric(), parts);
        }
        return object;
    }
}
