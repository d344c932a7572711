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
    private final EvalConfig config;
    private double firstAccuracy = Double.NaN;

    Evaluator(
            Rollouts rollouts,
            Optional<Grader> grader,
            RewardSignal signal,
            List<PromptExample> prompts,
            Optional<HeldOutPairs> pairs,
            Optional<RewardFunction> gold,
            EvalConfig config) {
        this.rollouts = rollouts;
        this.grader = grader;
        this.signal = signal;
        this.prompts = prompts;
        this.pairs = pairs;
        this.gold = gold;
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
            pairs.get().score(grader.get().model()).write("eval_rm/", metrics);
            double accuracy = metrics.get("eval_rm/accuracy");
            firstAccuracy = Double.isNaN(firstAccuracy) ? accuracy : firstAccuracy;
            metrics.put("eval_rm/accuracy_delta_base", accuracy - firstAccuracy);
        }
        if (!prompts.isEmpty()) {
            RolloutBatch batch = rollouts.sample(
                    prompts, config.numGenerations(), config.temperature(), Seeds.Stream.EVALUATION, step);
            RewardSignal.Rewards rewards = signal.of(batch);
            RewardSignal.write(rewards, "eval_", metrics);
            CompletionStatistics.write(batch, "eval_", metrics);
            gold.ifPresent(g -> againstGold(batch, rewards, g.score(batch.samples()), metrics));
        }
    }

    private static void againstGold(
            RolloutBatch batch, RewardSignal.Rewards rewards, double[] gold, Map<String, Double> metrics) {
        metrics.put("eval_gold", Groups.mean(gold));
        if (batch.groupSize() < 2) {
            return;
        }
        double[] lengths = Arrays.stream(batch.lengths()).asDoubleStream().toArray();
        metrics.put("eval_gold_spearman_length", RankCorrelation.groupSpearman(gold, lengths, batch.groupSize()));
        double[] scores = rewards.columns().get(RewardSignal.MODEL);
        if (scores == null) {
            return;
        }
        metrics.put("eval_rm/on_policy_accuracy", OnPolicyAccuracy.of(scores, gold, batch.groupSize()));
        metrics.put("eval_rm/spearman_gold", RankCorrelation.groupSpearman(scores, gold, batch.groupSize()));
        metrics.put("eval_rm/spearman_length", RankCorrelation.groupSpearman(scores, lengths, batch.groupSize()));
    }
}
