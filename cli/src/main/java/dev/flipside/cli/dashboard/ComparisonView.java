package dev.flipside.cli.dashboard;

import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.Difference;
import dev.flipside.compare.OutcomeResult;
import dev.flipside.compare.Registration;
import dev.flipside.compare.RunOutcomes;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.eval.Interval;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A comparison as far as its runs are finished. Tests and the verdict come with the last run: a test that is looked at
 * on the way, until it pleases, is none.
 *
 * @param finished runs of {@code runs}
 * @param verdict of the criterion; empty before the last run has finished
 * @param outcomes in the order of the question
 */
record ComparisonView(String id, String criterion, long finished, long runs, String verdict, List<Outcome> outcomes) {
    /** An outcome: its name for people, its metric, whether it decides, and the arms, the baseline first. */
    record Outcome(String title, String metric, boolean primary, List<Arm> arms) {}

    /**
     * An arm.
     *
     * @param seeds in which it was measured
     * @param mean over them; NaN for none
     * @param difference from the baseline over the seeds that both have; NaN for none
     * @param low of its 95 % interval to {@code high}; NaN where there are too few seeds for one
     * @param verdict empty before the last run has finished, and where none is given
     */
    record Arm(
            String name,
            int colour,
            long seeds,
            double mean,
            double difference,
            double low,
            double high,
            String verdict) {}

    /** Reads the finished runs. */
    static ComparisonView of(String id, Registration registered) {
        ComparisonConfig config = registered.config();
        Path folder = registered.folder();
        long finished = finished(registered);
        long runs = (long) config.arms().size() * config.comparison().seeds().size();
        boolean whole = finished == runs;
        ComparisonResult result =
                RunOutcomes.read(folder, config, FollowedRun::finished).result();
        return new ComparisonView(
                id,
                config.comparison().criterion(),
                finished,
                runs,
                whole ? result.verdict().text() : "",
                result.outcomes().stream().map(o -> outcome(config, o, whole)).toList());
    }

    /** How many of its runs are finished. */
    static long finished(Registration registered) {
        ComparisonConfig config = registered.config();
        return config.comparison().seeds().stream()
                .mapToLong(seed -> config.arms().keySet().stream()
                        .filter(arm -> FollowedRun.finished(ComparisonDirectory.run(registered.folder(), seed, arm)))
                        .count())
                .sum();
    }

    private static Outcome outcome(ComparisonConfig config, OutcomeResult result, boolean whole) {
        List<String> names = Catalog.arms(config);
        List<Arm> arms = new ArrayList<>();
        for (String name : names) {
            Optional<Difference> d = Optional.ofNullable(result.differences().get(name));
            arms.add(new Arm(
                    name,
                    Catalog.colour(arms.size()),
                    Arrays.stream(result.values().get(name))
                            .filter(Double::isFinite)
                            .count(),
                    result.mean(name),
                    d.map(x -> x.interval().mean()).orElse(Double.NaN),
                    d.flatMap(Difference::intervalOverSeeds).map(Interval::low).orElse(Double.NaN),
                    d.flatMap(Difference::intervalOverSeeds).map(Interval::high).orElse(Double.NaN),
                    whole ? d.map(x -> x.verdict().text()).orElse("") : ""));
        }
        return new Outcome(
                result.outcome().title(),
                result.outcome().metric(),
                result.outcome().primary(),
                arms);
    }
}
