package dev.flipside.train;

import dev.flipside.config.SaveConfig;
import dev.flipside.config.SaveConfig.Anchor;
import dev.flipside.config.SaveConfig.Candidates;
import dev.flipside.config.SaveConfig.Gate;
import dev.flipside.config.SaveConfig.Preset;
import dev.flipside.config.SaveConfig.Samples;
import dev.flipside.config.SaveConfig.ScoredBy;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardMix;
import dev.flipside.train.RewardModelUpdate.LabelledRows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One round of co-evolution: the policy and the reward model it begins with, their optimisers, the reference, the anchor and the gate. A run has one round
 * unless {@code run.rounds} says otherwise.
 */
final class Round implements AutoCloseable {
    final int number;
    final PolicyModel policy;
    final Optional<Grader> grader;
    final Rollouts rollouts;
    /** Samples of the policy as the round began; only where the reward model learns from them. */
    final Optional<Rollouts> initialRollouts;

    /** What grades in place of the model that learns; only in the control that keeps its scale alone. */
    final Optional<RescaledJudge> rescaledJudge;

    final RewardSignal signal;
    final PolicyUpdate policyUpdate;
    final Optional<RewardModelUpdate> rewardModelUpdate;
    final Optional<UpdateGate> gate;
    final Evaluator evaluator;
    final Start start;
    private final Optional<CausalLm> reference;
    private final Optional<RewardModel> initialRewardModel;

    /**
     * What a round is built from besides the models.
     *
     * @param added reward functions that a program brings
     * @param gold the function that knows the truth
     * @param replay labelled pairs as the reward model reads them
     * @param heldOut labelled pairs that nothing is trained on
     * @param first what the run's first evaluation found
     */
    record Setting(
            TrainConfig config,
            Seeds seeds,
            TrainingData data,
            List<RewardMix.Term> added,
            Optional<RewardFunction> gold,
            List<LabelledRows> replay,
            Optional<HeldOutPairs> heldOut,
            FirstEvaluation first,
            TrainListener listener) {}

    /**
     * What the beginning of the round decided, kept in checkpoints.
     *
     * @param anchor the configured anchor, or leave_one_out after a failed warm-up
     * @param floor of filter std
     * @param metrics what the warm-up measured
     */
    record Start(Anchor anchor, double floor, Map<String, Double> metrics) {}

    private Round(
            int number,
            PolicyModel policy,
            Optional<Grader> grader,
            Rollouts rollouts,
            Optional<CausalLm> reference,
            Optional<RewardModel> initialRewardModel,
            Start start,
            Setting setting) {
        this.number = number;
        this.policy = policy;
        this.grader = grader;
        this.rollouts = rollouts;
        this.reference = reference;
        this.initialRewardModel = initialRewardModel;
        this.start = start;
        TrainConfig config = setting.config();
        this.rescaledJudge = initialRewardModel
                .filter(initial -> config.save().scoredBy() == ScoredBy.INITIAL_RESCALED)
                .map(initial -> new RescaledJudge(grader.orElseThrow(), initial));
        Optional<Grader> judge = rescaledJudge.map(RescaledJudge::grader).or(() -> grader);
        this.signal = RewardSignal.of(judge, config.rewardModel(), setting.added());
        this.policyUpdate = new PolicyUpdate(
                policy.lm(), reference.filter(r -> config.penalisesDivergence()), config, setting.seeds());
        this.initialRollouts = reference
                .filter(r -> config.save().samples() == Samples.INITIAL)
                .map(r -> new Rollouts(new PolicyModel(r, policy.renderer()), config.rollout(), setting.seeds()));
        boolean improving = config.save().preset() != Preset.OFF;
        this.rewardModelUpdate = grader.filter(g -> improving)
                .map(g -> new RewardModelUpdate(
                        g,
                        initialRewardModel,
                        setting.replay(),
                        config,
                        start.anchor(),
                        start.floor(),
                        setting.seeds()));
        this.gate = rewardModelUpdate
                .filter(u -> config.save().gate() == Gate.MCNEMAR)
                .map(u -> new UpdateGate(
                        grader.orElseThrow().model(),
                        u.optimisers(),
                        config.save(),
                        setting.heldOut().orElseThrow(),
                        setting.listener()));
        this.evaluator = new Evaluator(
                rollouts,
                judge,
                signal,
                setting.data().evalPrompts(),
                setting.heldOut(),
                setting.gold(),
                improving ? Optional.of(setting.first()) : Optional.empty(),
                improving && config.eval().valueSamples() > 0
                        ? Optional.of(new ValueCheck(config, rollouts, setting.seeds()))
                        : Optional.empty(),
                improving && config.eval().frozenTwin()
                        ? initialRewardModel.map(m -> grader.orElseThrow().with(m))
                        : Optional.empty(),
                config.eval());
    }

    /** Begins a round: resets the reference to the policy as it is and warms the value head up. */
    static Round begin(int number, PolicyModel policy, Optional<Grader> grader, Setting setting) {
        SaveConfig save = setting.config().save();
        Rollouts rollouts = new Rollouts(policy, setting.config().rollout(), setting.seeds());
        Start start = new Start(save.anchor(), 0, Map.of());
        if (save.preset() != Preset.OFF) {
            ValueWarmUp.Outcome outcome = new ValueWarmUp(
                            rollouts,
                            grader.orElseThrow(),
                            save,
                            setting.config().rollout().numGenerations(),
                            setting.seeds(),
                            setting.listener())
                    .run(setting.data().prompts(), number);
            Map<String, Double> metrics = new LinkedHashMap<>();
            outcome.write(metrics);
            start = new Start(outcome.anchor(), outcome.floor(), metrics);
        }
        return new Round(
                number,
                policy,
                grader,
                rollouts,
                setting.config().keepsReference()
                        ? Optional.of(reference(number, policy.lm(), setting.config()))
                        : Optional.empty(),
                needsInitialRewardModel(setting.config())
                        ? grader.map(g -> g.model().copy())
                        : Optional.empty(),
                start,
                setting);
    }

    /** The policy as the round begins; a new adapter changes nothing yet, so that its frozen base needs no copy. */
    private static CausalLm reference(int number, CausalLm policy, TrainConfig config) {
        return beginsAtBase(number, config) ? policy.withoutAdapter() : policy.copy();
    }

    /** Whether the policy that a round begins with is the frozen base of a new adapter. */
    static boolean beginsAtBase(int number, TrainConfig config) {
        return number == 0 && config.policy().lora().isPresent();
    }

    /** Rebuilds a round in the middle; the checkpoint restores optimisers and gate afterwards. */
    static Round restore(
            int number,
            PolicyModel policy,
            Optional<Grader> grader,
            Optional<CausalLm> reference,
            Optional<RewardModel> initialRewardModel,
            Start start,
            Setting setting) {
        Rollouts rollouts = new Rollouts(policy, setting.config().rollout(), setting.seeds());
        return new Round(number, policy, grader, rollouts, reference, initialRewardModel, start, setting);
    }

    static boolean needsInitialRewardModel(TrainConfig config) {
        return config.save().preset() != Preset.OFF
                && (config.save().anchor() == Anchor.FROZEN
                        || config.save().scoredBy() == ScoredBy.INITIAL_RESCALED
                        || config.eval().frozenTwin());
    }

    Optional<CausalLm> reference() {
        return reference;
    }

    Optional<RewardModel> initialRewardModel() {
        return initialRewardModel;
    }

    /** Whether the reward model is updated in this step of the run. */
    boolean improves(long step, SaveConfig save) {
        return rewardModelUpdate.isPresent()
                && gate.map(g -> !g.frozen()).orElse(true)
                && step % save.updateEvery() == 0;
    }

    /** Whether the policy samples a second time, because its first samples taught the reward model. */
    static boolean samplesAgain(SaveConfig save) {
        return save.candidates() == Candidates.FRESH && save.samples() == Samples.POLICY;
    }

    /** Whether the policy's rewards are the improved model's grades of the very samples that taught it. */
    static boolean scoresAgain(SaveConfig save) {
        return save.candidates() == Candidates.RESCORE
                && save.samples() == Samples.POLICY
                && save.scoredBy() == ScoredBy.IMPROVED;
    }

    @Override
    public void close() {
        policyUpdate.close();
        reference.ifPresent(CausalLm::close);
        gate.ifPresent(UpdateGate::close);
        rewardModelUpdate.ifPresent(RewardModelUpdate::close);
    }
}
