package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.reward.RewardMix;
import dev.flipside.reward.RewardTerm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the policy is rewarded for: the reward model's score, programmatic functions, or a weighted sum of both. */
final class RewardSignal {
    /** The reward model's own column among the rewards. */
    static final String MODEL = "reward_model";

    private final Optional<Grader> grader;
    private final double modelWeight;
    private final Optional<RewardMix> functions;
    private final Ranks ranks;

    private RewardSignal(Optional<Grader> grader, double modelWeight, Optional<RewardMix> functions, Ranks ranks) {
        this.ranks = ranks;
        this.grader = grader;
        this.modelWeight = modelWeight;
        this.functions = functions;
    }

    /**
     * The signal that a configuration describes.
     *
     * @param terms its functions
     * @param ranks each of which asks the functions about its part of the groups
     */
    static RewardSignal of(Optional<Grader> grader, RewardModelConfig config, List<RewardTerm> terms, Ranks ranks) {
        return new RewardSignal(
                grader, config.weight(), terms.isEmpty() ? Optional.empty() : Optional.of(new RewardMix(terms)), ranks);
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
            columns.putAll(score(mix, samples.batch()));
            for (RewardTerm term : mix.terms()) {
                weighted.add(columns.get(term.label()));
                weights.add(term.weight());
            }
        });
        double[] total = RewardMix.weightedSum(
                weighted, weights.stream().mapToDouble(w -> w).toArray());
        return new Graded(samples, Groups.rows(total, samples.batch().groupSize()), columns, grades);
    }

    /** Every function's rewards by label, group after group. */
    private Map<String, double[]> score(RewardMix mix, RolloutBatch batch) {
        List<Sample> all = batch.samples();
        double[][] scored = ranks.rows(batch.size(), own -> {
            Map<String, double[]> rewards = AskedRewards.asked(() -> mix.score(own.of(all, batch.groupSize())));
            double[][] ofSamples = new double[(own.to() - own.from()) * batch.groupSize()][];
            for (int i = 0; i < ofSamples.length; i++) {
                int sample = i;
                ofSamples[i] = rewards.values().stream()
                        .mapToDouble(column -> column[sample])
                        .toArray();
            }
            return ofSamples;
        });
        Map<String, double[]> columns = new LinkedHashMap<>();
        for (RewardTerm term : mix.terms()) {
            int place = columns.size();
            columns.put(
                    term.label(),
                    Arrays.stream(scored).mapToDouble(row -> row[place]).toArray());
        }
        return columns;
    }
}
