package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.config.EvalConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.eval.OnPolicyAccuracy;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Measures policy and reward model on what neither is trained on. */
final class Evaluator {
    private final Sampler sampler;
    private final RewardSignal signal;
    private final List<PromptExample> prompts;
    private final Optional<RewardModelCheck> rewardModel;
    private final EvalConfig config;

    /**
     * What is measured of a reward model.
     *
     * @param judge whose scores the policy is updated on
     * @param pairs held out, where there are any
     * @param trusted pairs that somebody looked at, where there are any
     * @param learns what more there is to measure of one that learns
     */
    record RewardModelCheck(
            Grader judge, Optional<HeldOutAccuracy> pairs, GuardPairs trusted, Optional<LearnerCheck> learns) {}

    /**
     * What is measured of a reward model that learns.
     *
     * @param baseline what the run's first evaluation found
     * @param values where eval.value_samples asks for it
     * @param twin the reward model as the round began, where eval.frozen_twin asks for it
     */
    record LearnerCheck(EvaluationBaseline baseline, Optional<ValueCheck> values, Optional<Grader> twin) {}

    Evaluator(
            Sampler sampler,
            RewardSignal signal,
            List<PromptExample> prompts,
            Optional<RewardModelCheck> rewardModel,
            EvalConfig config) {
        this.sampler = sampler;
        this.signal = signal;
        this.prompts = prompts;
        this.rewardModel = rewardModel;
        this.config = config;
    }

    boolean hasWork() {
        return !prompts.isEmpty()
                || pairs().isPresent()
                || rewardModel
                        .filter(check -> !check.trusted().pairs().isEmpty())
                        .isPresent();
    }

    private Optional<HeldOutAccuracy> pairs() {
        return rewardModel.flatMap(RewardModelCheck::pairs);
    }

    /** The accuracy that {@code accuracy_delta_base} is taken from: the first of the round, also after a resume. */
    OptionalDouble baseAccuracy() {
        return pairs().map(HeldOutAccuracy::base).orElse(OptionalDouble.empty());
    }

    void restoreBaseAccuracy(double accuracy) {
        pairs().ifPresent(p -> p.restore(accuracy));
    }

    /** @param step of the run that has just been made */
    Map<String, Double> evaluate(long step) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        rewardModel.ifPresent(check -> metrics.putAll(onPairs(check)));
        if (prompts.isEmpty()) {
            return metrics;
        }
        Samples samples = sampler.read(sampler.rollouts()
                .sample(prompts, config.numGenerations(), config.temperature(), Seeds.Stream.EVALUATION, step));
        Graded graded = signal.of(samples);
        metrics.putAll(RewardStatistics.of(graded, "eval_"));
        metrics.putAll(CompletionStatistics.of(samples.batch(), "eval_"));
        samples.gold().ifPresent(g -> metrics.putAll(gold(samples.batch(), g)));
        rewardModel.ifPresent(check -> metrics.putAll(onSamples(check, graded, step)));
        return metrics;
    }

    private static Map<String, Double> onPairs(RewardModelCheck check) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        if (!check.trusted().pairs().isEmpty()) {
            boolean[] correct = new HeldOutPairs(
                            check.trusted().pairs(), check.judge().ranks())
                    .correct(check.judge().model());
            metrics.putAll(LooksFigures.mistakes(correct, check.trusted()));
        }
        check.pairs().ifPresent(pairs -> {
            HeldOutScores scored = pairs.score(check.judge().model());
            metrics.putAll(pairs.figures(scored));
            check.learns()
                    .ifPresent(learner -> metrics.putAll(learner.baseline().compare(scored)));
        });
        return metrics;
    }

    private static Map<String, Double> gold(RolloutBatch batch, double[] gold) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("eval_gold", Groups.mean(Groups.scorable(gold)));
        if (batch.groupSize() > 1) {
            double[] lengths = Arrays.stream(batch.lengths()).asDoubleStream().toArray();
            metrics.put("eval_gold_spearman_length", RankCorrelation.groupSpearman(gold, lengths, batch.groupSize()));
        }
        return metrics;
    }

    /** The reward model on the policy's samples. */
    private Map<String, Double> onSamples(RewardModelCheck check, Graded graded, long step) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        Grades grades = graded.grades().orElseThrow(() -> new IllegalStateException("the reward model graded nothing"));
        Samples samples = graded.samples();
        int groupSize = samples.batch().groupSize();
        check.learns().ifPresent(learner -> {
            if (check.pairs().isEmpty()) {
                metrics.putAll(learner.baseline()
                        .compare(check.judge(), samples.reading().rows(), groupSize));
            }
            learner.twin()
                    .ifPresent(t -> metrics.putAll(
                            againstTwin(t.grade(samples.reading().rows(), groupSize), grades, samples.gold())));
        });
        if (groupSize > 1) {
            metrics.putAll(SampleDiagnostics.of(samples.batch(), grades.rewards()));
            samples.gold().ifPresent(gold -> {
                metrics.putAll(SampleDiagnostics.againstGold(samples.batch(), grades.rewards(), gold));
                if (check.learns().isPresent()) {
                    metrics.putAll(SampleDiagnostics.anchorAgainstGold(grades.advantages(), gold));
                }
            });
        }
        check.learns()
                .flatMap(LearnerCheck::values)
                .ifPresent(values -> metrics.putAll(values.figures(check.judge(), prompts, step)));
        return metrics;
    }

    private static Map<String, Double> againstTwin(Grades twin, Grades now, Optional<double[]> gold) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double[] theirs = Groups.flat(twin.rewards());
        metrics.put("eval_twin/reward", Groups.mean(theirs));
        metrics.put("eval_twin/reward_gap", Groups.mean(Groups.flat(now.rewards())) - Groups.mean(theirs));
        metrics.put("eval_twin/kendall_tau", RankCorrelation.groupKendall(twin.rewards(), now.rewards()));
        gold.ifPresent(g ->
                metrics.put("eval_twin/on_policy_accuracy", OnPolicyAccuracy.of(theirs, g, twin.rewards()[0].length)));
        return metrics;
    }
}
