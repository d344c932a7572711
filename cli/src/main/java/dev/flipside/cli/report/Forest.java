package dev.flipside.cli.report;

import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.Difference;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.compare.Verdict;
import dev.flipside.config.Spelling;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The paired differences as a forest plot: one panel per outcome, one row per arm. Positions are percentages of the
 * plot's width, so it fits any screen.
 *
 * @param baseline whose line is zero
 */
record Forest(String baseline, List<Panel> panels) {
    /** One outcome with its own axis. */
    record Panel(String title, String metric, boolean primary, String direction, List<Row> rows, List<Tick> ticks) {}

    /** An arm: mean and interval as positions, every seed as a dot, and the figures as text. */
    record Row(
            String name,
            String outcome,
            int colour,
            String zero,
            String low,
            String width,
            String mean,
            List<String> seeds,
            String figures,
            String note) {}

    record Tick(String at, String label, boolean zero) {}

    static Forest of(List<ArmRuns> arms, ComparisonResult result) {
        return new Forest(
                result.config().comparison().baseline(),
                result.outcomes().stream()
                        .filter(o -> !o.differences().isEmpty())
                        .map(o -> panel(arms, o))
                        .toList());
    }

    private static Panel panel(List<ArmRuns> arms, OutcomeResult result) {
        double low = 0;
        double high = 0;
        for (Difference d : result.differences().values()) {
            low = Math.min(low, d.interval().low());
            high = Math.max(high, d.interval().high());
            for (double seed : d.bySeed()) {
                low = Math.min(low, seed);
                high = Math.max(high, seed);
            }
        }
        double margin = high > low ? 0.06 * (high - low) : 1;
        Axis axis = new Axis(low - margin, high + margin);
        List<Row> rows = new ArrayList<>();
        for (ArmRuns arm : arms) {
            Difference d = result.differences().get(arm.name());
            if (d != null) {
                rows.add(row(arm, result, d, axis));
            }
        }
        return new Panel(
                result.outcome().title(),
                result.outcome().metric(),
                result.outcome().primary(),
                Spelling.of(result.outcome().direction()),
                rows,
                axis.ticks());
    }

    private static Row row(ArmRuns arm, OutcomeResult result, Difference d, Axis axis) {
        List<String> seeds = new ArrayList<>();
        for (double seed : d.bySeed()) {
            seeds.add(axis.at(seed));
        }
        String test = d.verdict() == Verdict.NONE
                ? Figures.p("p", d.pValue())
                : d.verdict().text()
                        + (Double.isNaN(d.corrected()) ? "" : ", " + Figures.p("corrected p", d.corrected()));
        return new Row(
                arm.name(),
                result.outcome().metric(),
                arm.index(),
                axis.at(0),
                axis.at(d.interval().low()),
                axis.span(d.interval().low(), d.interval().high()),
                axis.at(d.interval().mean()),
                seeds,
                (Figures.signed(d.interval().mean()) + " " + Figures.range(d)).strip(),
                d.seeds() + (d.seeds() == 1 ? " seed" : " seeds") + (test.isEmpty() ? "" : ", " + test));
    }

    /** A linear axis. */
    private record Axis(double low, double high) {
        String at(double value) {
            return Figures.css(100 * ((value - low) / (high - low)), 2);
        }

        String span(double from, double to) {
            return Figures.css(100 * ((to - from) / (high - low)), 2);
        }

        /** Three to six round numbers. */
        List<Tick> ticks() {
            double raw = (high - low) / 4;
            double power = Math.pow(10, Math.floor(Math.log10(raw)));
            double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
            int decimals = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
            List<Tick> ticks = new ArrayList<>();
            for (double k = Math.ceil(low / step); k * step <= high; k++) {
                String label = k == 0 ? "0" : String.format(Locale.ROOT, "%+." + decimals + "f", k * step);
                ticks.add(new Tick(at(k * step), label.replace('-', '\u2212'), k == 0));
            }
            return ticks;
        }
    }
}
