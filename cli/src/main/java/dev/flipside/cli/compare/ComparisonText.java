package dev.flipside.cli.compare;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.ComparisonSummary;
import dev.flipside.compare.Difference;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.compare.Verdict;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Correction;
import dev.flipside.config.ComparisonConfig.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A comparison's result in the terminal. */
record ComparisonText(ComparisonSummary summary) {
    private Comparison question() {
        return summary.registered().config().comparison();
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s, %d %s: mean over seeds and difference from %s, seed by seed [95 %% bootstrap interval over seeds]; p: %s%n",
                summary.title(),
                question().seeds().size(),
                question().seeds().size() == 1 ? "seed" : "seeds",
                question().baseline(),
                testName(question())));
        outcomes(summary.result(), text);
        text.append("\nBy seed\n");
        for (OutcomeResult outcome : summary.result().outcomes()) {
            text.append('\n').append(outcome.outcome().title()).append('\n').append(bySeed(outcome));
        }
        text.append("\nAlarms\n").append(alarms());
        text.append(String.format(
                Locale.ROOT,
                "%nCriterion, written down %s (SHA-256 %.12s): %s%nDetectable effect %s, alpha %s. Verdict: %s.%n",
                summary.registered().time().replaceFirst("\\.\\d+Z$", "Z"),
                summary.registered().hash(),
                question().criterion(),
                question().detectableEffect().getAsDouble(),
                question().alpha(),
                summary.result().verdict().text()));
        return text.toString();
    }

    /** Every arm against another one than the baseline, beside the answer. */
    String against(String arm) {
        StringBuilder text = new StringBuilder(
                "\nDifference from " + arm
                        + " instead, which was not asked before the runs: p-values are not corrected, and nothing is decided by them\n");
        outcomes(summary.result().against(arm), text);
        return text.toString();
    }

    private void outcomes(ComparisonResult result, StringBuilder text) {
        for (OutcomeResult outcome : result.outcomes()) {
            text.append('\n').append(heading(outcome.outcome())).append('\n').append(table(outcome));
        }
    }

    /** How the p-values are made. */
    static String testName(Comparison question) {
        String test =
                switch (question.test()) {
                    case SIGN_FLIP -> "two-sided sign-flip permutation test";
                    case PAIRED_T -> "two-sided paired t-test";
                };
        return question.correction() == Correction.HOLM
                ? test + ", Holm's correction over the criterion's tests"
                : test + ", not corrected";
    }

    private static String heading(Outcome outcome) {
        return outcome.title()
                + (outcome.label().isPresent() ? " (" + outcome.metric() + ")" : "")
                + (outcome.primary() ? ", primary" : "");
    }

    private String table(OutcomeResult outcome) {
        List<List<String>> rows = new ArrayList<>();
        boolean primary = outcome.outcome().primary();
        for (String arm : summary.registered().config().arms().keySet()) {
            Difference d = outcome.differences().get(arm);
            List<String> row = new ArrayList<>(List.of(
                    arm,
                    number(outcome.mean(arm)),
                    d == null ? "" : Numbers.signed(d.interval().mean()),
                    d == null
                            ? ""
                            : d.intervalOverSeeds()
                                    .map(i -> Numbers.signedInterval(i.low(), i.high()))
                                    .orElse(""),
                    d == null ? "" : Integer.toString(d.seeds()),
                    d == null ? "" : Numbers.pValue(d.pValue())));
            if (primary) {
                row.add(d == null ? "" : Numbers.pValue(d.corrected()));
                row.add(
                        d == null || d.verdict() == Verdict.NONE
                                ? ""
                                : d.verdict().text());
            }
            rows.add(row);
        }
        List<String> header = new ArrayList<>(List.of("arm", "mean", "difference", "95 %", "seeds", "p"));
        if (primary) {
            header.addAll(List.of("corrected", "verdict"));
        }
        return new Table(header, rows).render();
    }

    private String alarms() {
        if (summary.fired().isEmpty()) {
            return "none fired\n";
        }
        return new Table(
                        List.of("level", "arm", "rule", "runs", "first step, by seed"),
                        summary.fired().stream()
                                .map(rule -> List.of(
                                        rule.level().key(),
                                        rule.arm(),
                                        rule.first().name(),
                                        rule.bySeed().size() + " of " + rule.runs(),
                                        rule.steps().stream()
                                                .map(String::valueOf)
                                                .collect(Collectors.joining(", "))))
                                .toList())
                .render();
    }

    private String bySeed(OutcomeResult outcome) {
        List<String> header = new ArrayList<>(List.of("seed"));
        header.addAll(outcome.values().keySet());
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < question().seeds().size(); i++) {
            List<String> row = new ArrayList<>(List.of(question().seeds().get(i).toString()));
            for (double[] values : outcome.values().values()) {
                row.add(number(values[i]));
            }
            rows.add(row);
        }
        return new Table(header, rows).render();
    }

    private static String number(double value) {
        return Double.isFinite(value) ? Numbers.fixed(value, 3) : "";
    }
}
