package dev.flipside.cli.report;

import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.Difference;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.compare.Verdict;
import dev.flipside.config.ComparisonConfig.Outcome;
import java.util.ArrayList;
import java.util.List;

/**
 * Every arm's outcomes, and below them every seed's.
 *
 * @param outcomes the columns
 * @param rows one per arm
 * @param seeds one table of all seeds per outcome
 */
record SummaryTable(List<Column> outcomes, List<Row> rows, List<SeedTable> seeds) {
    /** An outcome: its name for people, its metric, and whether it decides. */
    record Column(String title, String metric, boolean primary) {}

    /** An arm. */
    record Row(String name, String description, int colour, List<Cell> cells) {}

    /**
     * A mean, the difference from the baseline with its interval, and the test; the latter are empty for the baseline.
     */
    record Cell(String mean, String difference, String range, String test, String verdict, boolean primary) {}

    /** One outcome, seed by seed. */
    record SeedTable(String title, List<String> arms, List<SeedRow> rows) {}

    record SeedRow(String seed, List<String> values) {}

    static SummaryTable of(List<ArmRuns> arms, ComparisonResult result) {
        List<Column> columns = result.outcomes().stream()
                .map(OutcomeResult::outcome)
                .map(o -> new Column(o.title(), o.metric(), o.primary()))
                .toList();
        List<Row> rows = arms.stream()
                .map(arm -> new Row(
                        arm.name(),
                        arm.description(),
                        arm.index(),
                        result.outcomes().stream().map(o -> cell(arm, o)).toList()))
                .toList();
        return new SummaryTable(
                columns,
                rows,
                result.outcomes().stream()
                        .map(o -> seeds(arms, o, result.config().comparison().seeds()))
                        .toList());
    }

    private static Cell cell(ArmRuns arm, OutcomeResult result) {
        Outcome outcome = result.outcome();
        String mean = Figures.number(result.mean(arm.name()));
        Difference d = result.differences().get(arm.name());
        if (d == null) {
            return new Cell(mean, "", "", "", "", outcome.primary());
        }
        boolean judged = d.verdict() != Verdict.NONE;
        return new Cell(
                mean,
                Figures.signed(d.interval().mean()),
                Figures.range(d),
                judged ? Figures.p("corrected p", d.corrected()) : Figures.p("p", d.pValue()),
                judged ? d.verdict().text() : "",
                outcome.primary());
    }

    private static SeedTable seeds(List<ArmRuns> arms, OutcomeResult result, List<Long> seeds) {
        List<SeedRow> rows = new ArrayList<>();
        for (int i = 0; i < seeds.size(); i++) {
            List<String> values = new ArrayList<>();
            for (ArmRuns arm : arms) {
                values.add(Figures.number(result.values().get(arm.name())[i]));
            }
            rows.add(new SeedRow(seeds.get(i).toString(), values));
        }
        return new SeedTable(
                result.outcome().title(), arms.stream().map(ArmRuns::name).toList(), rows);
    }
}
