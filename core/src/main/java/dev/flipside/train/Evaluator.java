package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.config.EvalConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.eval.OnPolicyAccuracy;
import dev.flipside.reward.RewardFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Measures policy and reward model on what neither is trained on. */
final class Evaluator {
    private final Rollouts rollouts;
    private final Optional<Grader> grader;
    private final RewardSignal signal;
    private final List<PromptExample> prompts;
    private final Optional<HeldOutPairs> pairs;
    private final Optional<RewardFunction> gold;
    private final Optional<FirstEvaluation> first;
    private final Optional<ValueCheck> valueCheck;
    private final Optional<Grader> twin;
    private final EvalConfig config;
    private double firstAccuracy = Double.NaN;

    /**
     * @param first what the run's first evaluation found; empty when the reward model is frozen, which then never moves
     * @param valueCheck where eval.value_samples asks for it
     * @param twin the reward model as the round began, where eval.frozen_twin asks for it
     */
    Evaluator(
            Rollouts rollouts,
            Optional<Grader> grader,
            RewardSignal signal,
            List<PromptExample> prompts,
            Optional<HeldOutPairs> pairs,
            Optional<RewardFunction> gold,
            Optional<FirstEvaluation> first,
            Optional<ValueCheck> valueCheck,
            Optional<Grader> twin,
            EvalConfig config) {
        this.rollouts = rollouts;
        this.grader = grader;
        this.signal = signal;
        this.prompts = prompts;
        this.pairs = pairs;
        this.gold = gold;
        this.first = first;
        this.valueCheck = valueCheck;
        this.twin = twin;
        this.config = config;
    }

    boolean hasWork() {
        return !prompts.isEmpty() || pairs.isPresent() && grader.isPresent();
    }

    /** The accuracy that {@code accuracy_delta_base} is taken from: the first of the round, also after a resume. */
    double firstAccuracy() {
        return firstAccuracy;
    }

    void restoreFirstAccuracy(double accuracy) {
        firstAccuracy = accuracy;
    }

    void evaluate(long step, Map<String, Double> metrics) {
        if (pairs.isPresent() && grader.isPresent()) {
            HeldOutPairs.Scored scored = pairs.get().score(grader.get().model());
            scored.write("eval_rm/", metrics);
            double accuracy = metrics.get("eval_rm/accuracy");
            firstAccuracy = Double.isNaN(firstAccuracy) ? accuracy : firstAccuracy;
            metrics.put("eval_rm/accuracy_delta_base", accuracy - firstAccuracy);
            first.ifPresent(f -> f.compare(scored, metrics));
        }
        if (!prompts.isEmpty()) {
            RolloutBatch batch = rollouts.sample(
                    prompts, config.numGenerations(), config.temperature(), Seeds.Stream.EVALUATION, step);
            RewardSignal.Rewards rewards = signal.of(batch);
            RewardSignal.write(rewards, "eval_", metrics);
            CompletionStatistics.write(batch, "eval_", metrics);
            Optional<double[]> truth = gold.map(g -> g.score(batch.samples()));
            truth.ifPresent(g -> gold(batch, g, metrics));
            rewards.grades().ifPresent(grades -> rewardModel(batch, grades, truth, metrics));
            valueCheck.ifPresent(check -> check.write(grader.orElseThrow(), prompts, step, metrics));
        }
    }

    private static void gold(RolloutBatch batch, double[] gold, Map<String, Double> metrics) {
        metrics.put("eval_gold", Groups.mean(Groups.scorable(gold)));
        if (batch.groupSize() > 1) {
            double[] lengths = Arrays.stream(batch.lengths()).asDoubleStream().toArray();
            metrics.put("eval_gold_spearman_length", RankCorrelation.groupSpearman(gold, lengths, batch.groupSize()));
        }
    }

    /** The reward model on the policy's samples. */
    private void rewardModel(
            RolloutBatch batch, Grader.Grades grades, Optional<double[]> gold, Map<String, Double> metrics) {
        if (first.isPresent() && pairs.isEmpty()) {
            first.get().compare(grader.orElseThrow().model(), grader.get().rows(batch), batch.groupSize(), metrics);
        }
        twin.ifPresent(t -> againstTwin(t.grade(t.rows(batch), batch.groupSize()), grades, gold, metrics));
        if (batch.groupSize() > 1) {
            SampleDiagnostics.write(batch, grades.rewards(), metrics);
            gold.ifPresent(g -> SampleDiagnostics.againstGold(batch, grades.rewards(), g, metrics));
            if (first.isPresent() && gold.isPresent()) {
                SampleDiagnostics.anchorAgainstGold(advantages(grades), gold.get(), metrics);
            }
        }
    }

    private static void againstTwin(
            Grader.Grades twin, Grader.Grades now, Optional<double[]> gold, Map<String, Double> metrics) {
        double[] theirs = Groups.flat(twin.rewards());
        metrics.put("eval_twin/reward", Groups.mean(theirs));
        metrics.put("eval_twin/reward_gap", Groups.mean(Groups.flat(now.rewards())) - Groups.mean(theirs));
        metrics.put("eval_twin/kendall_tau", RankCorrelation.groupKendall(twin.rewards(), now.rewards()));
        gold.ifPresent(g ->
                metrics.put("eval_twin/on_policy_accuracy", OnPolicyAccuracy.of(theirs, g, twin.rewards()[0].length)));
    }

    private static double[][] advantages(Grader.Grades grades) {
        double[][] advantages = new double[grades.values().length][];
        for (int p = 0; p < advantages.length; p++) {
            double value = grades.values()[p];
            advantages[p] =
                    Arrays.stream(grades.rewards()[p]).map(r -> r - value).toArray();
        }
        return advantages;
    }
}
