package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Correction;
import dev.flipside.config.ComparisonConfig.Direction;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;

/**
 * A comparison's outcomes: every arm against the baseline, over the same seeds.
 *
 * @param config the question as it was written down before the runs
 * @param outcomes in the configuration's order
 * @param verdict of the criterion as a whole
 */
public record ComparisonResult(ComparisonConfig config, List<OutcomeResult> outcomes, Verdict verdict) {

    /** What names one test of the criterion. */
    private record Part(int outcome, String arm) {}

    /**
     * Computes differences, tests and verdicts.
     *
     * @param values by outcome (in the configuration's order) and arm, seed after seed in the configuration's order;
     *     NaN where a run did not measure it
     */
    public static ComparisonResult of(ComparisonConfig config, List<Map<String, double[]>> values) {
        List<Map<String, double[]>> differences = new ArrayList<>();
        Map<Part, Double> pValues = new LinkedHashMap<>();
        for (int o = 0; o < values.size(); o++) {
            Map<String, double[]> byArm = bySeed(config, values.get(o));
            differences.add(byArm);
            if (config.comparison().outcomes().get(o).primary()) {
                for (String arm : config.arms().keySet()) {
                    if (config.criterionSpeaksOf(arm)) {
                        pValues.put(
                                new Part(o, arm),
                                PairedTests.pValue(config.comparison().test(), byArm.get(arm)));
                    }
                }
            }
        }
        Map<Part, Double> corrected = corrected(config, pValues);
        List<OutcomeResult> outcomes = new ArrayList<>();
        List<Verdict> verdicts = new ArrayList<>();
        for (int o = 0; o < values.size(); o++) {
            Map<String, Difference> results = new LinkedHashMap<>();
            for (Map.Entry<String, double[]> entry : differences.get(o).entrySet()) {
                Part part = new Part(o, entry.getKey());
                if (entry.getValue().length > 0) {
                    results.put(
                            entry.getKey(),
                            difference(
                                    config,
                                    config.comparison().outcomes().get(o),
                                    entry.getValue(),
                                    corrected.getOrDefault(part, Double.NaN),
                                    pValues.containsKey(part)));
                }
                if (pValues.containsKey(part)) {
                    verdicts.add(
                            results.containsKey(entry.getKey())
                                    ? results.get(entry.getKey()).verdict()
                                    : Verdict.TOO_FEW_SEEDS);
                }
            }
            outcomes.add(new OutcomeResult(config.comparison().outcomes().get(o), values.get(o), results));
        }
        return new ComparisonResult(config, outcomes, Verdict.all(verdicts));
    }

    /** The same runs against another arm; no verdict is given of that, because it was not asked before. */
    public ComparisonResult against(String arm) {
        return of(
                config.against(arm),
                outcomes.stream().map(OutcomeResult::values).toList());
    }

    /** Arm minus baseline in the seeds in which both were measured. */
    private static Map<String, double[]> bySeed(ComparisonConfig config, Map<String, double[]> values) {
        double[] baseline = values.get(config.comparison().baseline());
        Map<String, double[]> differences = new LinkedHashMap<>();
        for (String arm : config.arms().keySet()) {
            if (!arm.equals(config.comparison().baseline())) {
                double[] own = values.get(arm);
                double[] paired = new double[own.length];
                Arrays.setAll(paired, i -> own[i] - baseline[i]);
                differences.put(
                        arm, Arrays.stream(paired).filter(Double::isFinite).toArray());
            }
        }
        return differences;
    }

    private static Map<Part, Double> corrected(ComparisonConfig config, Map<Part, Double> pValues) {
        double[] p = pValues.values().stream().mapToDouble(v -> v).toArray();
        double[] adjusted = config.comparison().correction() == Correction.HOLM ? Holm.adjusted(p) : p;
        Map<Part, Double> corrected = new LinkedHashMap<>();
        for (Part part : pValues.keySet()) {
            corrected.put(part, adjusted[corrected.size()]);
        }
        return corrected;
    }

    private static Difference difference(
            ComparisonConfig config, Outcome outcome, double[] bySeed, double corrected, boolean judged) {
        Interval interval = Bootstrap.meanOf(bySeed);
        double deviation = bySeed.length < 2 ? Double.NaN : new StandardDeviation().evaluate(bySeed);
        double level = judged ? config.criterionLevel() : config.comparison().alpha();
        double detectable = PairedTests.detectable(deviation, bySeed.length, level);
        Verdict verdict = Verdict.NONE;
        if (judged) {
            boolean right = outcome.direction() == Direction.HIGHER ? interval.mean() > 0 : interval.mean() < 0;
            boolean reachable = PairedTests.smallestPValue(config.comparison().test(), bySeed.length) <= level;
            // Two seeds may come to the same accuracy of a few pairs by chance, as many as a test needs hardly.
            if (reachable && Arrays.stream(bySeed).allMatch(d -> d == 0)) {
                verdict = Verdict.UNCHANGED;
            } else if (corrected <= config.comparison().alpha()) {
                verdict = right ? Verdict.MET : Verdict.OPPOSITE;
            } else {
                verdict = reachable && detectable <= config.detectableEffect(outcome)
                        ? Verdict.NOT_MET
                        : Verdict.TOO_FEW_SEEDS;
            }
        }
        double p = PairedTests.pValue(config.comparison().test(), bySeed);
        return new Difference(bySeed, interval, deviation, p, corrected, detectable, verdict);
    }
}
