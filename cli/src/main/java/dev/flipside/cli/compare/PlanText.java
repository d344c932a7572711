package dev.flipside.cli.compare;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.Pilot;
import dev.flipside.compare.Pilot.Power;
import dev.flipside.config.ComparisonConfig;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What a comparison is about to run, before its first run. */
record PlanText(ComparisonConfig config, ComparisonPlan plan, Optional<Pilot> pilot) {
    private int runs() {
        return config.arms().size() * seeds();
    }

    private int seeds() {
        return config.comparison().seeds().size();
    }

    private long finished() {
        return plan.seeds().stream()
                .flatMap(seed ->
                        plan.arms().stream().map(arm -> ComparisonDirectory.run(plan.folder(), seed, arm.name())))
                .filter(run -> Files.isDirectory(run.resolve("policy")))
                .count();
    }

    /** Of what is left, with so many runs side by side. */
    private double hours(Pilot measured) {
        return measured.stepHours(config) / plan.workers() * (runs() - finished()) / runs();
    }

    String text() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: %d arms x %d seeds = %d runs, %d of them finished, %d at a time%n",
                plan.base().title(),
                config.arms().size(),
                seeds(),
                runs(),
                finished(),
                plan.workers()));
        pilot.ifPresent(measured -> {
            text.append(String.format(
                    Locale.ROOT,
                    "about %s of steps for what is left, as in the pilot of %d seeds; evaluations, and what the arms of a seed share, come on top%n",
                    Numbers.duration(3600 * hours(measured)),
                    measured.seeds()));
            text.append('\n').append(table(measured));
        });
        return text.toString();
    }

    private String table(Pilot measured) {
        List<List<String>> rows = new ArrayList<>();
        for (Power power : measured.power()) {
            rows.add(List.of(
                    power.outcome().title(),
                    power.arm(),
                    Numbers.fixed(power.deviation(), 4),
                    Numbers.fixed(power.detectable(), 4),
                    Numbers.number(power.effect()),
                    shown(power.needed()),
                    shown(power.neededAtBound())));
        }
        return new Table(
                        List.of(
                                "outcome",
                                "arm",
                                "deviation",
                                "found by " + seeds() + " seeds",
                                "to be found",
                                "seeds needed",
                                "to be safe"),
                        rows)
                .render();
    }

    private static String shown(OptionalInt seeds) {
        return seeds.isPresent() ? Integer.toString(seeds.getAsInt()) : "over 1000";
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("title", plan.base().title());
        object.put("arms", config.arms().keySet());
        object.put("seeds", config.comparison().seeds());
        object.put("runs", runs());
        object.put("finished", finished());
        object.put("workers", plan.workers());
        pilot.ifPresent(measured -> {
            object.put("step_hours", hours(measured));
            object.put("power", measured.power().stream().map(PlanText::object).toList());
        });
        return object;
    }

    private static Map<String, Object> object(Power power) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("metric", power.outcome().metric());
        object.put("arm", power.arm());
        object.put("effect", power.effect());
        object.put("deviation", power.deviation());
        object.put("deviation_bound", power.bound());
        object.put("detectable", power.detectable());
        power.needed().ifPresent(n -> object.put("seeds_needed", n));
        power.neededAtBound().ifPresent(n -> object.put("seeds_needed_at_bound", n));
        return object;
    }
}
