package dev.flipside.train;

import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The reward model learns from the policy's samples: SAVE (docs/method.md), with its guards and its controls. */
final class SelfImproving implements RewardModelLearner {
    private final Grader grader;
    private final RewardModelUpdate update;
    private final Optional<UpdateGate> gate;
    private final Optional<RescaledJudge> rescaledJudge;
    private final Optional<RewardModel> initial;
    private final Sampler sampler;
    private final Optional<Sampler> initialPolicy;
    private final RoundStart start;
    private final RunPlan plan;
    private final int updateEvery;
    private Course course;

    /**
     * @param grader the reward model that learns; closed by the run
     * @param initial the same as the round began, where the plan keeps it; owned by this from now on
     * @param sampler of the policy as it is
     * @param initialPolicy of the policy as the round began, where its samples teach (control {@code save.samples:
     *     initial})
     * @param pairs labelled pairs for the guard
     * @param asked labelled pairs for the gate, where there is one
     */
    SelfImproving(
            Grader grader,
            Optional<RewardModel> initial,
            Sampler sampler,
            Optional<Sampler> initialPolicy,
            RoundStart start,
            GuardPairs pairs,
            Optional<HeldOutPairs> asked,
            TrainConfig config,
            Seeds seeds,
            TrainListener listener) {
        this.grader = grader;
        this.initial = initial;
        this.sampler = sampler;
        this.initialPolicy = initialPolicy;
        this.start = start;
        this.plan = config.plan();
        this.updateEvery = config.save().update().updateEvery();
        this.course = Course.configured(config.save());
        this.update = new RewardModelUpdate(grader, initial, pairs, config, start.anchor(), start.floor(), seeds);
        this.gate = asked.map(p -> new UpdateGate(
                grader.model(), update.optimisers(), config.save().gating(), p, listener));
        this.rescaledJudge = initial.filter(m -> plan.rescales()).map(m -> new RescaledJudge(grader, m));
    }

    @Override
    public boolean samplesAgain(long step) {
        return plan.samplesAgain() && learns(step);
    }

    private boolean learns(long step) {
        return course.learns() && gate.filter(UpdateGate::frozen).isEmpty() && step % updateEvery == 0;
    }

    @Override
    public void follow(Course next) {
        course = next;
    }

    @Override
    public Lesson improve(Drawn drawn, Step step) {
        Samples samples = drawn.samples();
        if (!learns(step.number())) {
            return new Lesson.None(new PolicySamples.Ungraded(samples));
        }
        Samples teaching = initialPolicy
                .map(s -> s.sample(samples.batch().prompts(), Seeds.Stream.INITIAL_ROLLOUT, step.number(), step))
                .orElse(samples);
        RewardModelStep done = step.time("rm_update", () -> {
            gate.ifPresent(UpdateGate::remember);
            return update.update(teaching, course, step.number());
        });
        Optional<GateDecision> decision = gate.map(g -> step.time("rm_update", () -> g.judge(step.number())));
        step.tokens("rm_update", teaching.batch().tokens());
        // Fresh samples have the prompts of those that taught: one pass grades both, unless another model is their
        // judge.
        List<Samples> both = new ArrayList<>(List.of(teaching));
        drawn.fresh().filter(fresh -> rescaledJudge.isEmpty()).ifPresent(both::add);
        List<Grades> grades = step.time("score", () -> grader.grade(both));
        both.forEach(graded -> step.tokens("score", graded.batch().tokens()));
        Grades after = grades.get(0);
        OptionalDouble scaleRatio = rescaledJudge
                .map(j -> OptionalDouble.of(
                        step.time("score", () -> j.rescale(teaching.reading().rows(), after))))
                .orElse(OptionalDouble.empty());
        RewardModelChange change = update.change(teaching, course, after, step.number());
        return new Lesson.Taught(teaching, done, change, decision, scaleRatio, candidates(drawn, grades));
    }

    /**
     * @param grades of the improved model: of the samples that taught, and of the fresh ones unless others grade them
     */
    private PolicySamples candidates(Drawn drawn, List<Grades> grades) {
        Samples candidates = drawn.fresh().orElse(drawn.samples());
        boolean graded = drawn.fresh().isPresent() ? grades.size() > 1 : plan.scoresAgain();
        return graded
                ? new PolicySamples.Scored(candidates, grades.get(grades.size() - 1))
                : new PolicySamples.Ungraded(candidates);
    }

    @Override
    public Optional<Grader> judge() {
        return Optional.of(rescaledJudge.map(RescaledJudge::grader).orElse(grader));
    }

    @Override
    public RoundStart start() {
        return start;
    }

    @Override
    public Map<String, RewardModel> models() {
        Map<String, RewardModel> models = new LinkedHashMap<>();
        models.put(CheckpointFiles.REWARD_MODEL, grader.model());
        initial.ifPresent(m -> models.put(CheckpointFiles.INITIAL_REWARD_MODEL, m));
        return models;
    }

    @Override
    public List<AdamW> optimisers() {
        return update.optimisers();
    }

    @Override
    public Optional<GateState> gate() {
        return gate.map(UpdateGate::state);
    }

    @Override
    public void restoreGate(GateState state) {
        gate.orElseThrow(() -> new IllegalStateException("there is no gate to restore"))
                .restore(state);
    }

    /** The rescaled model is what a control's round leaves. */
    @Override
    public void settle() {
        rescaledJudge.ifPresent(RescaledJudge::settle);
    }

    /** The reward model as the round began, for evaluations that compare with it. */
    Optional<Grader> twin() {
        return initial.filter(m -> plan.comparesWithTwin()).map(grader::with);
    }

    @Override
    public void close() {
        gate.ifPresent(UpdateGate::close);
        update.close();
        initial.ifPresent(RewardModel::close);
    }
}
