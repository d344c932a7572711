package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Measured;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;

/**
 * What an earlier comparison on other seeds says of a question before its first run: how many seeds it needs, and how
 * long its steps take. A pilot's seeds are spent, so none of them may be in the question.
 *
 * @param seeds of the pilot
 * @param power one per primary outcome and arm of the criterion
 * @param stepSeconds mean seconds that the steps of a run took, by arm; arms that the pilot did not run are missing
 */
public record Pilot(int seeds, List<Power> power, Map<String, Double> stepSeconds) {
    /** Chance that the true deviation is no larger than the bound: a pilot of few seeds measures it badly. */
    private static final double CONFIDENCE = 0.8;

    private static final int MOST_SEEDS = 1000;

    /**
     * How many seeds one test of the criterion needs.
     *
     * @param outcome primary
     * @param effect the difference that it must be able to find
     * @param deviation of the pilot's differences
     * @param bound of that deviation, which the true one exceeds with a chance of 0.2
     * @param detectable what the question's seeds find with probability 0.8, with the pilot's deviation
     * @param needed seeds that find {@code effect} with probability 0.8; empty for more than 1,000
     * @param neededAtBound the same with the bound
     */
    public record Power(
            Outcome outcome,
            String arm,
            double effect,
            double deviation,
            double bound,
            double detectable,
            OptionalInt needed,
            OptionalInt neededAtBound) {}

    /**
     * Reads the pilot.
     *
     * @param folder of a comparison whose arms include the baseline and at least one arm of the criterion
     * @param asked the question
     * @throws UserError when the folder holds none, when a seed is in both, or when it measured nothing that is asked
     */
    public static Pilot read(Path folder, ComparisonConfig asked) {
        ComparisonConfig run = ComparisonDirectory.read(folder).config();
        Comparison question = asked.comparison();
        for (long seed : question.seeds()) {
            if (run.comparison().seeds().contains(seed)) {
                throw new UserError("comparison.seeds: seed " + seed + " was in the pilot " + folder
                        + ", whose seeds are spent; take others.");
            }
        }
        if (!run.arms().containsKey(question.baseline())) {
            throw new UserError("--pilot " + folder + " has no arm " + question.baseline()
                    + ", which is the baseline here; name a comparison of the same arms on other seeds.");
        }
        RunOutcomes outcomes = RunOutcomes.read(folder, measuring(run, question));
        List<Power> power = new ArrayList<>();
        for (OutcomeResult result : outcomes.result().outcomes()) {
            for (String arm : asked.arms().keySet()) {
                Optional.ofNullable(result.differences().get(arm))
                        .filter(d ->
                                asked.criterionSpeaksOf(arm) && result.outcome().primary() && d.seeds() > 1)
                        .ifPresent(d -> power.add(power(asked, result.outcome(), arm, d)));
            }
        }
        if (power.isEmpty()) {
            throw new UserError(
                    "--pilot " + folder
                            + " measured no primary outcome of an arm of the criterion in two seeds or more; name a comparison of the same arms on other seeds.");
        }
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (String arm : asked.arms().keySet()) {
            stepSeconds(outcomes.histories().getOrDefault(arm, List.of())).ifPresent(s -> seconds.put(arm, s));
        }
        return new Pilot(run.comparison().seeds().size(), power, seconds);
    }

    /** The pilot's runs, seen with the outcomes and against the baseline that are asked for. */
    private static ComparisonConfig measuring(ComparisonConfig run, Comparison question) {
        Comparison c = run.comparison();
        return new ComparisonConfig(
                new Comparison(
                        c.outputDir(),
                        c.seeds(),
                        c.workers(),
                        question.baseline(),
                        question.outcomes(),
                        question.criterion(),
                        List.of(),
                        question.detectableEffect(),
                        question.alpha(),
                        question.correction(),
                        question.test(),
                        Optional.empty()),
                run.base(),
                run.arms());
    }

    private static Power power(ComparisonConfig asked, Outcome outcome, String arm, Difference difference) {
        double effect = asked.detectableEffect(outcome);
        double level = asked.criterionLevel();
        int freedom = difference.seeds() - 1;
        double bound = difference.deviation()
                * Math.sqrt(freedom
                        / new ChiSquaredDistribution(null, freedom).inverseCumulativeProbability(1 - CONFIDENCE));
        return new Power(
                outcome,
                arm,
                effect,
                difference.deviation(),
                bound,
                PairedTests.detectable(
                        difference.deviation(), asked.comparison().seeds().size(), level),
                needed(asked.comparison(), difference.deviation(), effect, level),
                needed(asked.comparison(), bound, effect, level));
    }

    private static OptionalInt needed(Comparison question, double deviation, double effect, double level) {
        for (int n = 2; n <= MOST_SEEDS; n++) {
            if (PairedTests.smallestPValue(question.test(), n) <= level
                    && PairedTests.detectable(deviation, n, level) <= effect) {
                return OptionalInt.of(n);
            }
        }
        return OptionalInt.empty();
    }

    private static OptionalDouble stepSeconds(List<List<Measured>> runs) {
        return runs.stream()
                .filter(run -> !run.isEmpty())
                .mapToDouble(run -> run.stream()
                        .mapToDouble(line -> line.values().getOrDefault("step_time", 0.0))
                        .sum())
                .average();
    }

    /**
     * Hours of processor time that the steps of all runs take on a machine like the pilot's; arms that it did not run
     * count as the slowest that it ran.
     */
    public double stepHours(ComparisonConfig asked) {
        double slowest = stepSeconds.values().stream().mapToDouble(s -> s).max().orElse(0);
        double seconds = asked.arms().keySet().stream()
                .mapToDouble(arm -> stepSeconds.getOrDefault(arm, slowest))
                .sum();
        return seconds * asked.comparison().seeds().size() / 3600;
    }
}
