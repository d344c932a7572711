package dev.flipside.cli.report;

import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.Registration;
import dev.flipside.compare.Verdict;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Correction;
import dev.flipside.config.ComparisonConfig.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What was asked before the first run, and the answer.
 *
 * @param criterion in one sentence
 * @param verdict as text, with its {@code mark} for those who do not see colours and its {@code kind} for the style
 *     sheet
 * @param facts the rest of the registration
 */
record Question(String criterion, String verdict, String mark, String kind, List<Fact> facts) {
    static Question of(Registration registered, ComparisonResult result) {
        Comparison c = registered.config().comparison();
        Verdict verdict = result.verdict();
        String mark =
                switch (verdict) {
                    case MET -> "\u2713";
                    case NOT_MET, OPPOSITE, UNCHANGED -> "\u2717";
                    case TOO_FEW_SEEDS, NONE -> "?";
                };
        List<Fact> facts = new ArrayList<>();
        facts.add(new Fact("Seeds", c.seeds().size() + ": " + join(c.seeds())));
        facts.add(new Fact("Baseline", c.baseline()));
        facts.add(new Fact(
                "Criterion speaks of",
                c.criterionArms().isEmpty() ? "every arm" : String.join(", ", c.criterionArms())));
        facts.add(new Fact(
                "Primary outcomes",
                c.outcomes().stream()
                        .filter(Outcome::primary)
                        .map(Outcome::title)
                        .collect(Collectors.joining(", "))));
        facts.add(new Fact(
                "Detectable effect", Figures.number(c.detectableEffect().orElseThrow())));
        facts.add(new Fact(
                "Test",
                switch (c.test()) {
                            case SIGN_FLIP -> "two-sided sign-flip permutation test of the paired differences";
                            case PAIRED_T -> "two-sided paired t-test";
                        }
                        + ", level " + c.alpha()
                        + (c.correction() == Correction.HOLM
                                ? ", Holm\u2019s correction over the criterion\u2019s tests"
                                : ", not corrected")));
        facts.add(new Fact("Written down", registered.time().replaceFirst("\\.\\d+Z$", "Z")));
        facts.add(new Fact("SHA-256 of the question", registered.hash()));
        return new Question(c.criterion(), verdict.text(), mark, verdict.key().replace('_', '-'), facts);
    }

    private static String join(List<Long> seeds) {
        return seeds.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}
