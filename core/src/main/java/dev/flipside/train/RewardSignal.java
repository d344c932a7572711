package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.reward.RewardMix;
import dev.flipside.reward.RewardTerm;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the policy is rewarded for: the reward model's score, programmatic functions, or a weighted sum of both. */
public final class RewardSignal {
    /** The reward model's own column among the rewards. */
    static final String MODEL = "reward_model";

    private final Optional<Grader> grader;
    private final double modelWeight;
    private final Optional<RewardMix> functions;

    private RewardSignal(Optional<Grader> grader, double modelWeight, Optional<RewardMix> functions) {
        this.grader = grader;
        this.modelWeight = modelWeight;
        this.functions = functions;
    }

    /** @param added terms that a program adds to those of the configuration */
    static RewardSignal of(Optional<Grader> grader, RewardModelConfig config, List<RewardTerm> added) {
        List<RewardTerm> terms = new ArrayList<>(added);
        terms.addAll(functions(config));
        return new RewardSignal(
                grader, config.weight(), terms.isEmpty() ? Optional.empty() : Optional.of(new RewardMix(terms)));
    }

    /**
     * The programmatic rewards that {@code reward_model.functions} asks for, with their weights.
     *
     * @throws UserError for a name that no function has, an option that it does not know or a weight that is no number
     */
    public static List<RewardTerm> functions(RewardModelConfig config) {
        List<RewardTerm> terms = new ArrayList<>();
        for (Map<String, Object> function : config.functions()) {
            Map<String, Object> options = new LinkedHashMap<>(function);
            Object weight = options.remove("weight");
            if (weight != null && !(weight instanceof Number)) {
                throw new UserError("reward_model.functions: weight '" + weight + "' is not a number.");
            }
            RewardFunction found = named("reward_model.functions", options);
            terms.add(new RewardTerm(found.name(), found, weight == null ? 1.0 : ((Number) weight).doubleValue()));
        }
        return terms;
    }

    /** The function that a map {name, and its options} describes. */
    public static RewardFunction named(String key, Map<String, Object> description) {
        Map<String, Object> options = new LinkedHashMap<>(description);
        Object name = options.remove("name");
        if (!(name instanceof String text)) {
            throw new UserError(
                    key + ": an entry is a map with a name, such as {name: length, weight: 0.1}; this one has "
                            + description.keySet() + ".");
        }
        return RewardFunctions.find(text, options);
    }

    /** Grades a batch in a step. */
    Graded of(Samples samples, Step step) {
        step.tokens("score", samples.batch().tokens());
        return step.time("score", () -> of(samples));
    }

    /** Grades candidates in a step; what the reward model has said of them already is not asked again. */
    Graded of(PolicySamples candidates, Step step) {
        return candidates instanceof PolicySamples.Scored scored
                ? step.time("score", () -> of(scored.samples(), Optional.of(scored.grades())))
                : of(candidates.samples(), step);
    }

    Graded of(Samples samples) {
        return of(
                samples,
                grader.map(
                        g -> g.grade(samples.reading().rows(), samples.batch().groupSize())));
    }

    private Graded of(Samples samples, Optional<Grades> grades) {
        Map<String, double[]> columns = new LinkedHashMap<>();
        List<double[]> weighted = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        grades.ifPresent(g -> {
            columns.put(MODEL, Groups.flat(g.rewards()));
            weighted.add(columns.get(MODEL));
            weights.add(modelWeight);
        });
        functions.ifPresent(mix -> {
            columns.putAll(mix.score(samples.batch().samples()));
            for (RewardTerm term : mix.terms()) {
                weighted.add(columns.get(term.label()));
                weights.add(term.weight());
            }
        });
        double[] total = RewardMix.weightedSum(
                weighted, weights.stream().mapToDouble(w -> w).toArray());
        return new Graded(samples, Groups.rows(total, samples.batch().groupSize()), columns, grades);
    }
}
