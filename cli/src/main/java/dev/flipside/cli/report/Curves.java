package dev.flipside.cli.report;

import dev.flipside.eval.alarm.Measured;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * Metrics over the steps of training: per arm the mean over seeds, a 95 % band around it and every seed.
 *
 * @param legend the arms with their colours
 * @param charts one per metric that was measured more than once
 */
record Curves(List<Entry> legend, List<Chart> charts) {
    /** Student's interval of two seeds is twenty times as wide as they lie apart. */
    private static final int FEWEST_FOR_A_BAND = 3;

    private static final MathContext SHORT = new MathContext(5);

    /** An arm's name and colour. */
    record Entry(String name, int colour) {}

    /**
     * @param first metrics that come before the usual ones
     * @param prefix of the charts' ids
     */
    static Curves of(List<ArmRuns> arms, Map<String, String> first, String prefix) {
        Map<String, String> wanted = new LinkedHashMap<>(first);
        MetricTitles.ALL.forEach(wanted::putIfAbsent);
        List<Chart> charts = new ArrayList<>();
        wanted.forEach((metric, title) -> {
            Set<Long> steps = new LinkedHashSet<>();
            arms.forEach(arm -> arm.runs().forEach(run -> run.history().stream()
                    .filter(line -> measured(line, metric))
                    .map(Measured::step)
                    .forEach(steps::add)));
            if (steps.size() > 1) {
                charts.add(chart(prefix + "-chart-" + charts.size(), title, metric, steps, arms));
            }
        });
        return new Curves(arms.stream().map(a -> new Entry(a.name(), a.index())).toList(), charts);
    }

    /** What the page calls a metric: its usual title, or {@code otherwise}. */
    static String title(String metric, String otherwise) {
        return MetricTitles.ALL.getOrDefault(metric, otherwise);
    }

    private static boolean measured(Measured line, String metric) {
        Double value = line.values().get(metric);
        return value != null && Double.isFinite(value);
    }

    private static Chart chart(String id, String title, String metric, Set<Long> steps, List<ArmRuns> arms) {
        long[] x = steps.stream().mapToLong(s -> s).sorted().toArray();
        List<Curve> lines = new ArrayList<>();
        for (ArmRuns arm : arms) {
            List<List<Double>> seeds = new ArrayList<>();
            for (ArmRun run : arm.runs()) {
                Map<Long, Double> values = new TreeMap<>();
                run.history().stream()
                        .filter(line -> measured(line, metric))
                        .forEach(line -> values.put(line.step(), line.values().get(metric)));
                List<Double> seed = new ArrayList<>();
                for (long step : x) {
                    seed.add(values.containsKey(step) ? shortened(values.get(step)) : null);
                }
                if (!values.isEmpty()) {
                    seeds.add(seed);
                }
            }
            if (!seeds.isEmpty()) {
                lines.add(line(arm, seeds, x.length));
            }
        }
        return new Chart(id, title, metric, x, lines);
    }

    /** Mean and Student's interval; a bootstrap of every point would say the same and take minutes. */
    private static Curve line(ArmRuns arm, List<List<Double>> seeds, int length) {
        List<Double> mean = new ArrayList<>();
        List<Double> low = new ArrayList<>();
        List<Double> high = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            int at = i;
            double[] values = seeds.stream()
                    .map(seed -> seed.get(at))
                    .filter(v -> v != null)
                    .mapToDouble(v -> v)
                    .toArray();
            double sum = 0;
            double squares = 0;
            for (double v : values) {
                sum += v;
            }
            double centre = sum / values.length;
            for (double v : values) {
                squares += (v - centre) * (v - centre);
            }
            boolean band = values.length > 1;
            double half = band
                    ? new TDistribution(null, values.length - 1.0).inverseCumulativeProbability(0.975)
                            * Math.sqrt(squares / (values.length - 1) / values.length)
                    : 0;
            mean.add(values.length == 0 ? null : shortened(centre));
            low.add(band ? shortened(centre - half) : null);
            high.add(band ? shortened(centre + half) : null);
        }
        boolean several = seeds.size() > 1;
        boolean banded = seeds.size() >= FEWEST_FOR_A_BAND;
        return new Curve(
                arm.name(),
                arm.index(),
                mean,
                banded ? low : Collections.emptyList(),
                banded ? high : Collections.emptyList(),
                several ? seeds : List.of());
    }

    /** Five digits are more than a curve shows; the page stays small. */
    private static double shortened(double value) {
        return value == 0 ? 0 : new BigDecimal(value).round(SHORT).doubleValue();
    }
}
