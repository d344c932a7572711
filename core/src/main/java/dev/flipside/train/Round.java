package dev.flipside.train;

import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One round of co-evolution: the policy and the reward model it begins with, and what a step does with them. A run has
 * one round unless {@code run.rounds} says otherwise.
 */
final class Round implements AutoCloseable {
    final int number;
    final ReferencePolicy reference;
    final RewardModelLearner learner;
    final PolicyUpdate policyUpdate;
    final Evaluator evaluator;
    private final Sampler sampler;
    private final RewardSignal signal;
    private final Refill refill;
    private final StepFigures figures;

    /**
     * What a round is built from besides the models.
     *
     * @param rewards the functions of the reward, and the one that knows the truth
     * @param pairs labelled, for guard, gate and evaluation
     * @param baseline what the run's first evaluation found
     * @param ranks among which the work is split
     */
    record Setting(
            TrainConfig config,
            Seeds seeds,
            TrainingData data,
            ConfiguredRewards rewards,
            LabelledPairs pairs,
            EvaluationBaseline baseline,
            TrainListener listener,
            Ranks ranks) {}

    /**
     * The models of a round.
     *
     * @param grader the reward model, unless functions alone grade; closed by the run
     * @param initialRewardModel the same as the round began, where the plan keeps it
     */
    record Models(
            PolicyModel policy,
            Optional<Grader> grader,
            ReferencePolicy reference,
            Optional<RewardModel> initialRewardModel) {}

    private Round(int number, Models models, RoundStart start, Setting setting) {
        this.number = number;
        this.reference = models.reference();
        TrainConfig config = setting.config();
        RunPlan plan = config.plan();
        PolicyModel policy = models.policy();
        this.sampler = new Sampler(
                new Rollouts(policy, config.rollout(), setting.seeds(), setting.ranks()),
                models.grader(),
                setting.rewards().gold(),
                config.rollout().numGenerations());
        Optional<SelfImproving> improving = models.grader()
                .filter(g -> plan.improves())
                .map(g -> new SelfImproving(
                        g,
                        models.initialRewardModel(),
                        sampler,
                        reference.teacher(policy, sampler, config, setting.seeds()),
                        start,
                        setting.pairs().guard(),
                        setting.pairs().gate(),
                        config,
                        setting.seeds(),
                        setting.listener()));
        this.learner = improving
                .<RewardModelLearner>map(learns -> learns)
                .orElseGet(() ->
                        new Frozen(models.grader(), config.save().anchoring().anchor()));
        this.signal = RewardSignal.of(
                learner.judge(), config.rewardModel(), setting.rewards().terms(), setting.ranks());
        this.refill = new Refill(sampler, signal, setting.data(), config.rollout(), setting.seeds());
        this.policyUpdate =
                new PolicyUpdate(policy.lm(), reference.ofDivergence(plan), config, setting.seeds(), setting.ranks());
        this.figures = new StepFigures(config, setting.data(), number);
        Optional<ValueCheck> values = plan.checksValues()
                ? Optional.of(new ValueCheck(config, sampler.rollouts(), setting.seeds()))
                : Optional.empty();
        this.evaluator = new Evaluator(
                sampler,
                signal,
                setting.data().evalPrompts(),
                learner.judge()
                        .map(judge -> new Evaluator.RewardModelCheck(
                                judge,
                                setting.pairs().heldOut().map(HeldOutAccuracy::new),
                                setting.pairs().trusted(),
                                improving.map(learns ->
                                        new Evaluator.LearnerCheck(setting.baseline(), values, learns.twin())))),
                config.eval());
    }

    /** Begins a round: resets the reference to the policy as it is and warms the value head up. */
    static Round begin(int number, PolicyModel policy, Optional<Grader> grader, Setting setting) {
        TrainConfig config = setting.config();
        Optional<ValueWarmUp.Fitted> warmUp = grader.filter(g -> config.plan().improves())
                .map(g -> new ValueWarmUp(
                                new Rollouts(policy, config.rollout(), setting.seeds(), setting.ranks()),
                                g,
                                config.save(),
                                config.rollout().numGenerations(),
                                setting.seeds(),
                                setting.listener())
                        .run(setting.data().prompts(), number));
        RoundStart start = warmUp.map(ValueWarmUp.Fitted::start)
                .orElseGet(() -> new RoundStart(config.save().anchoring().anchor(), 0, Map.of()));
        Models models = new Models(
                policy,
                grader,
                ReferencePolicy.begin(number, policy.lm(), config),
                grader.filter(g -> config.plan().keepsInitialRewardModel())
                        .map(g -> g.model().copy()));
        return new Round(number, models, start, setting);
    }

    /** Rebuilds a round in the middle; the checkpoint restores optimisers and gate afterwards. */
    static Round restore(int number, Models models, RoundStart start, Setting setting) {
        return new Round(number, models, start, setting);
    }

    /**
     * A step that has been made.
     *
     * @param sampledTokens of the completions that updated the policy
     */
    record Done(Map<String, Double> figures, long sampledTokens) {}

    /**
     * One step of the method: sample, teach the reward model, grade, update the policy.
     *
     * @param samplesLog where completions are logged
     */
    Done step(List<PromptExample> prompts, Optional<SampleLog> samplesLog, Step step) {
        Drawn drawn = Drawn.by(sampler, prompts, learner.samplesAgain(step.number()), step);
        Lesson lesson = learner.improve(drawn, step);
        Graded candidates = signal.of(lesson.candidates(), step);
        Graded chosen = refill.of(candidates, step);
        PolicyStep update = policyUpdate.update(chosen, step);
        samplesLog.ifPresent(log -> log.write(lesson, chosen, update, step));
        return new Done(figures.of(lesson, chosen, update, step), chosen.batch().sampledTokens());
    }

    @Override
    public void close() {
        policyUpdate.close();
        learner.close();
        reference.close();
    }
}
