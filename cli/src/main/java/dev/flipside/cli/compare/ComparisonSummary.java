package dev.flipside.cli.compare;

import dev.flipside.cli.console.Table;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Correction;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.eval.compare.ComparisonResult;
import dev.flipside.eval.compare.ComparisonResult.OutcomeResult;
import dev.flipside.eval.compare.Difference;
import dev.flipside.eval.compare.FiredRule;
import dev.flipside.eval.compare.Verdict;
import dev.flipside.run.ComparisonDirectory.Registered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A comparison's result in the terminal and as an object.
 *
 * @param title what was compared
 * @param registered the question
 * @param result the answer
 * @param fired alarms of the runs, the worst first
 */
record ComparisonSummary(String title, Registered registered, ComparisonResult result, List<FiredRule> fired) {
    private Comparison question() {
        return registered.config().comparison();
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s, %d %s: mean over seeds and difference from %s, seed by seed [95 %% bootstrap interval over seeds]; p: %s%n",
                title,
                question().seeds().size(),
                question().seeds().size() == 1 ? "seed" : "seeds",
                question().baseline(),
                testName(question())));
        for (OutcomeResult outcome : result.outcomes()) {
            text.append('\n').append(heading(outcome.outcome())).append('\n').append(table(outcome));
        }
        text.append("\nBy seed\n");
        for (OutcomeResult outcome : result.outcomes()) {
            text.append('\n').append(outcome.outcome().title()).append('\n').append(bySeed(outcome));
        }
        text.append("\nAlarms\n").append(alarms());
        text.append(String.format(
                Locale.ROOT,
                "%nCriterion, written down %s (SHA-256 %.12s): %s%nDetectable effect %s, alpha %s. Verdict: %s.%n",
                registered.time().replaceFirst("\\.\\d+Z$", "Z"),
                registered.hash(),
                question().criterion(),
                question().detectableEffect().getAsDouble(),
                question().alpha(),
                result.verdict().text()));
        return text.toString();
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
        for (String arm : registered.config().arms().keySet()) {
            Difference d = outcome.differences().get(arm);
            List<String> row = new ArrayList<>(List.of(
                    arm,
                    number(outcome.mean(arm)),
                    d == null ? "" : signed(d.interval().mean()),
                    d == null
                            ? ""
                            : "[" + signed(d.interval().low()) + ", "
                                    + signed(d.interval().high()) + "]",
                    d == null ? "" : Integer.toString(d.seeds()),
                    d == null ? "" : p(d.pValue())));
            if (primary) {
                row.add(d == null ? "" : p(d.corrected()));
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
        if (fired.isEmpty()) {
            return "none fired\n";
        }
        return new Table(
                        List.of("level", "arm", "rule", "runs", "first step, by seed"),
                        fired.stream()
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

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("title", title);
        object.put("criterion", question().criterion());
        object.put("verdict", result.verdict().key());
        object.put("detectable_effect", question().detectableEffect().getAsDouble());
        object.put("alpha", question().alpha());
        object.put("test", question().test().name().toLowerCase(Locale.ROOT));
        object.put("correction", question().correction().name().toLowerCase(Locale.ROOT));
        object.put("registered", registered.time());
        object.put("config_sha256", registered.hash());
        object.put("baseline", question().baseline());
        object.put("seeds", question().seeds());
        Map<String, Object> outcomes = new LinkedHashMap<>();
        result.outcomes().forEach(o -> outcomes.put(o.outcome().metric(), object(o)));
        object.put("outcomes", outcomes);
        object.put(
                "alarms",
                fired.stream()
                        .map(rule -> Map.of(
                                "arm", rule.arm(),
                                "name", rule.first().name(),
                                "level", rule.level().key(),
                                "meaning", rule.first().meaning(),
                                "first_steps",
                                        rule.bySeed().entrySet().stream()
                                                .map(e -> Map.of(
                                                        "seed",
                                                        e.getKey(),
                                                        "step",
                                                        e.getValue().firstStep()))
                                                .toList()))
                        .toList());
        object.put("folder", registered.folder().toString());
        return object;
    }

    private static Map<String, Object> object(OutcomeResult outcome) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("label", outcome.outcome().title());
        object.put("primary", outcome.outcome().primary());
        object.put("direction", outcome.outcome().direction().name().toLowerCase(Locale.ROOT));
        Map<String, Object> arms = new LinkedHashMap<>();
        outcome.values().forEach((arm, values) -> {
            Map<String, Object> of = new LinkedHashMap<>();
            of.put("mean", finite(outcome.mean(arm)));
            of.put(
                    "by_seed",
                    Arrays.stream(values).mapToObj(ComparisonSummary::finite).toList());
            Difference d = outcome.differences().get(arm);
            if (d != null) {
                of.put("difference", finite(d.interval().mean()));
                of.put(
                        "difference_95",
                        List.of(finite(d.interval().low()), finite(d.interval().high())));
                of.put("seeds", d.seeds());
                of.put("p", finite(d.pValue()));
                of.put("p_corrected", finite(d.corrected()));
                of.put("detectable", finite(d.detectable()));
                of.put("verdict", d.verdict().key());
            }
            arms.put(arm, of);
        });
        object.put("arms", arms);
        return object;
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

    private static String p(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, value < 0.001 ? "%.1e" : "%.3f", value);
    }
}
