package dev.flipside.cli;

import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Bootstrap.Interval;
import dev.flipside.world.Arm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The results of a demo: every arm against the frozen one over the same seeds, as text and as an object. */
final class DemoReport {
    private final DemoPlan plan;
    private final List<ArmResult> results;

    /** @param results of every arm and seed of the plan */
    DemoReport(DemoPlan plan, List<ArmResult> results) {
        this.plan = plan;
        this.results = List.copyOf(results);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "World %s after %d steps, mean over %d seeds [95 %% interval of the difference from the frozen arm, bootstrap over seeds]%n%n",
                plan.world().name(),
                plan.steps(),
                plan.seeds().size()));
        text.append(comparison()).append('\n');
        text.append("Gold reward by seed (start: before the first step)\n\n")
                .append(bySeed())
                .append('\n');
        for (Arm arm : plan.arms()) {
            text.append(String.format("%-9s %s%n", arm.label(), arm.description()));
        }
        text.append(String.format(
                "%nRuns: %s/seed-N/ARM; `flipside train %s run.output_dir=DIR` runs one of them again.%n",
                plan.out(),
                of(plan.arms().get(plan.arms().size() - 1)).get(0).run().resolve("config.yaml")));
        return text.toString();
    }

    private String comparison() {
        List<List<String>> rows = new ArrayList<>();
        for (Arm arm : plan.arms()) {
            rows.add(List.of(
                    arm.label(),
                    mean(arm, ArmResult::gold),
                    difference(arm, ArmResult::gold),
                    mean(arm, ArmResult::onPolicyAccuracy),
                    difference(arm, ArmResult::onPolicyAccuracy),
                    mean(arm, ArmResult::offPolicyAccuracy),
                    difference(arm, ArmResult::offPolicyAccuracy),
                    mean(arm, ArmResult::labelAccuracy)));
        }
        return new Table(
                        List.of(
                                "arm",
                                "gold",
                                "vs frozen",
                                "on-policy acc.",
                                "vs frozen",
                                "off-policy acc.",
                                "vs frozen",
                                "label acc."),
                        rows)
                .render();
    }

    private String bySeed() {
        List<String> header = new ArrayList<>(List.of("seed"));
        header.add("start");
        for (Arm arm : plan.arms()) {
            header.add(arm.label());
            if (arm != Arm.FROZEN) {
                header.add("- frozen");
            }
        }
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < plan.seeds().size(); i++) {
            ArmResult frozen = of(Arm.FROZEN).get(i);
            List<String> row = new ArrayList<>(List.of(Long.toString(frozen.seed()), number(frozen.startGold())));
            for (Arm arm : plan.arms()) {
                double gold = of(arm).get(i).gold();
                row.add(number(gold));
                if (arm != Arm.FROZEN) {
                    row.add(signed(gold - frozen.gold()));
                }
            }
            rows.add(row);
        }
        return new Table(header, rows).render();
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("world", plan.world().name());
        object.put("steps", plan.steps());
        object.put("seeds", plan.seeds());
        Map<String, Object> arms = new LinkedHashMap<>();
        plan.arms().forEach(arm -> arms.put(arm.label(), object(arm)));
        object.put("arms", arms);
        return object;
    }

    private Map<String, Object> object(Arm arm) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("gold", object(arm, ArmResult::gold));
        object.put("on_policy_accuracy", object(arm, ArmResult::onPolicyAccuracy));
        object.put("off_policy_accuracy", object(arm, ArmResult::offPolicyAccuracy));
        object.put("label_accuracy", finite(meanOf(values(arm, ArmResult::labelAccuracy))));
        List<Map<String, Object>> runs = new ArrayList<>();
        for (ArmResult result : of(arm)) {
            Map<String, Object> run = new LinkedHashMap<>();
            run.put("seed", result.seed());
            run.put("start_gold", result.startGold());
            run.put("gold", result.gold());
            run.put("on_policy_accuracy", finite(result.onPolicyAccuracy()));
            run.put("off_policy_accuracy", result.offPolicyAccuracy());
            run.put("label_accuracy", finite(result.labelAccuracy()));
            run.put("anchor_r2", finite(result.anchorR2()));
            run.put("run", result.run().toString());
            runs.add(run);
        }
        object.put("runs", runs);
        return object;
    }

    private Map<String, Object> object(Arm arm, ToDoubleFunction<ArmResult> measure) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("mean", finite(meanOf(values(arm, measure))));
        if (arm != Arm.FROZEN) {
            Interval interval = against(arm, measure);
            object.put("vs_frozen", finite(interval.mean()));
            object.put("vs_frozen_95", List.of(finite(interval.low()), finite(interval.high())));
        }
        return object;
    }

    private List<ArmResult> of(Arm arm) {
        return results.stream().filter(r -> r.arm() == arm).toList();
    }

    private double[] values(Arm arm, ToDoubleFunction<ArmResult> measure) {
        return of(arm).stream().mapToDouble(measure).toArray();
    }

    private Interval against(Arm arm, ToDoubleFunction<ArmResult> measure) {
        return Bootstrap.pairedDifference(values(arm, measure), values(Arm.FROZEN, measure));
    }

    private String difference(Arm arm, ToDoubleFunction<ArmResult> measure) {
        if (arm == Arm.FROZEN) {
            return "";
        }
        Interval interval = against(arm, measure);
        return signed(interval.mean()) + " [" + signed(interval.low()) + ", " + signed(interval.high()) + "]";
    }

    private String mean(Arm arm, ToDoubleFunction<ArmResult> measure) {
        return number(meanOf(values(arm, measure)));
    }

    private static double meanOf(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    /** JSON has no NaN: what was not measured is empty text. */
    private static Object finite(double value) {
        return Double.isFinite(value) ? value : "";
    }

    private static String number(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.3f", value) : "";
    }

    private static String signed(double value) {
        return String.format(Locale.ROOT, "%+.3f", value);
    }
}
