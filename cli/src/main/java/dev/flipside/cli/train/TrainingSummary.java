package dev.flipside.cli.train;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a training command prints at its end.
 *
 * @param end finished, already finished or stopped
 * @param run the run directory
 * @param figures of the whole run
 * @param diagnostics of the whole run, where the command has them
 * @param places what was written, by name
 * @param resume the command line that continues the run, where one is needed
 * @param next command lines that use the result
 */
record TrainingSummary(
        String end,
        Path run,
        long steps,
        long totalSteps,
        double seconds,
        TrainingReport figures,
        Optional<TrainingDiagnostics> diagnostics,
        Map<String, Path> places,
        Optional<String> resume,
        List<String> next) {

    String text() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("run", run.toString()));
        places.forEach((name, place) -> rows.add(List.of(name.replace('_', ' '), place.toString())));
        resume.ifPresent(command -> rows.add(List.of("continue with", command)));
        next.forEach(command -> rows.add(List.of(command.equals(next.get(0)) ? "next" : "", command)));
        return figures.text() + "\n"
                + diagnostics.map(d -> d.text() + "\n").orElse("") + end + ": " + steps + " of " + totalSteps
                + " steps, "
                + Numbers.duration(seconds) + "\n" + Table.of(rows).render();
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("end", end.replace(' ', '_'));
        object.put("run", run.toString());
        object.put("steps", steps);
        object.put("total_steps", totalSteps);
        object.put("seconds", seconds);
        places.forEach((name, place) -> object.put(name, place.toString()));
        resume.ifPresent(command -> object.put("resume", command));
        object.put("figures", figures.object());
        diagnostics.ifPresent(d -> {
            object.put("alarms", d.alarms());
            object.put("diagnostics", d.object());
        });
        return object;
    }
}
