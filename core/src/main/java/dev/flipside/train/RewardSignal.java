package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.reward.RewardMix;
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

    /**
     * @param added terms that a program adds to those of the configuration
     */
    static RewardSignal of(Optional<Grader> grader, RewardModelConfig config, List<RewardMix.Term> added) {
        List<RewardMix.Term> terms = new ArrayList<>(added);
        terms.addAll(functions(config));
        return new RewardSignal(
                grader, config.weight(), terms.isEmpty() ? Optional.empty() : Optional.of(new RewardMix(terms)));
    }

    /**
     * The programmatic rewards that {@code reward_model.functions} asks for, with their weights.
     *
     * @throws UserError for a name that no function has, an option that it does not know or a weight that is no number
     */
    public static List<RewardMix.Term> functions(RewardModelConfig config) {
        List<RewardMix.Term> terms = new ArrayList<>();
        for (Map<String, Object> function : config.functions()) {
            Map<String, Object> options = new LinkedHashMap<>(function);
            Object weight = options.remove("weight");
            if (weight != null && !(weight instanceof Number)) {
                throw new UserError("reward_model.functions: weight '" + weight + "' is not a number.");
            }
            RewardFunction found = named("reward_model.functions", options);
            terms.add(new RewardMix.Term(found.name(), found, weight == null ? 1.0 : ((Number) weight).doubleValue()));
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

    /**
     * The rewards of a batch.
     *
     * @param total what the policy is updated with, {@code [prompt][sample]}; NaN where nothing could grade
     * @param columns every source's own rewards, group after group, by name
     * @param grades what the reward model said, where there is one
     */
    record Rewards(double[][] total, Map<String, double[]> columns, Optional<Grader.Grades> grades) {}

    Rewards of(RolloutBatch batch) {
        Map<String, double[]> columns = new LinkedHashMap<>();
        List<double[]> weighted = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        Optional<Grader.Grades> grades = grader.map(g -> g.grade(g.rows(batch), batch.groupSize()));
        grades.ifPresent(g -> {
            columns.put(MODEL, Groups.flat(g.rewards()));
            weighted.add(columns.get(MODEL));
            weights.add(modelWeight);
        });
        functions.ifPresent(mix -> {
            columns.putAll(mix.score(batch.samples()));
            for (RewardMix.Term term : mix.terms()) {
                weighted.add(columns.get(term.label()));
                weights.add(term.weight());
            }
        });
        double[] total = RewardMix.weightedSum(
                weighted, weights.stream().mapToDouble(w -> w).toArray());
        return new Rewards(Groups.rows(total, batch.groupSize()), columns, grades);
    }

    /** Writes TRL's reward metrics; reward_std is over the whole batch. */
    static void write(Rewards rewards, String prefix, Map<String, Double> metrics) {
        double[] total = Groups.scorable(Groups.flat(rewards.total()));
        metrics.put(prefix + "reward", total.length == 0 ? Double.NaN : Groups.mean(total));
        metrics.put(prefix + "reward_std", total.length < 2 ? 0.0 : Groups.std(total));
        int flat = 0;
        double groupStd = 0;
        for (double[] group : rewards.total()) {
            double[] kept = Groups.scorable(group);
            flat += kept.length < 2 || Groups.allEqual(kept) ? 1 : 0;
            groupStd += kept.length < 2 ? 0 : Groups.std(kept);
        }
        metrics.put(prefix + "frac_reward_zero_std", (double) flat / rewards.total().length);
        metrics.put(prefix + "group_reward_std", groupStd / rewards.total().length);
        metrics.put(
                prefix + "rewards/unscorable_frac", 1 - total.length / (double) Groups.flat(rewards.total()).length);
        rewards.columns().forEach((name, column) -> {
            double[] kept = Groups.scorable(column);
            metrics.put(prefix + "rewards/" + name + "/mean", kept.length == 0 ? Double.NaN : Groups.mean(kept));
            metrics.put(prefix + "rewards/" + name + "/std", kept.length < 2 ? 0.0 : Groups.std(kept));
        });
    }
}
