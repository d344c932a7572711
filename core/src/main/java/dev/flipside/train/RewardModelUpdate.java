package dev.flipside.train;

import dev.flipside.algo.AnchoredContrast;
import dev.flipside.algo.Groups;
import dev.flipside.algo.ValueLoss;
import dev.flipside.algo.ValueTarget;
import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.FilterConfig;
import dev.flipside.config.GuardConfig;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UpdateConfig;
import dev.flipside.config.UpdateConfig.Relabel;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Seeds;
import dev.flipside.model.PassSize;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardPass;
import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * The self-supervised update of the reward model: grade the policy's groups against the anchor, keep the clear ones,
 * push positives above and negatives below it, and fit the value head (docs/method.md).
 */
final class RewardModelUpdate implements AutoCloseable {
    /** Keeps the reward model's dropout apart from the policy's. */
    private static final int REWARD_MODEL_DROPOUT = 1;

    private final Grader grader;
    private final Labeller labeller;
    private final ContrastPass contrast;
    private final Optional<GradientGuard> guard;
    private final RewardModelConfig config;
    private final UpdateConfig options;
    private final FilterConfig filtering;
    /** The value head is fitted to what the updated model says, after the update. */
    private final boolean fitsToImproved;

    private final Seeds seeds;
    private final Ranks ranks;
    private final Optimiser trunk;
    private final Optimiser valueHead;

    /**
     * @param initial the reward model as the round began; needed for anchor frozen, and closed by its owner
     * @param pairs labelled pairs; needed where there is a guard
     * @param anchor the configured anchor, or leave_one_out after a failed warm-up
     * @param floor the least group standard deviation of filter std
     */
    RewardModelUpdate(
            Grader grader,
            Optional<RewardModel> initial,
            GuardPairs pairs,
            TrainConfig config,
            Anchor anchor,
            double floor,
            Seeds seeds) {
        this.grader = grader;
        this.config = config.rewardModel();
        SaveConfig save = config.save();
        this.options = save.update();
        this.filtering = save.filtering();
        this.fitsToImproved = save.valueHead().valueTarget() == ValueHeadConfig.ValueTarget.IMPROVED;
        this.seeds = seeds;
        this.ranks = grader.ranks();
        this.labeller = new Labeller(save, anchor, floor, initial, seeds, ranks);
        this.contrast = new ContrastPass(grader.model(), this.config, save, anchor);
        this.trunk = optimiser("reward model", "reward_model", grader.model().trunk(), options.learningRate());
        this.valueHead = optimiser("value head", "value_head", grader.model().valueHead(), options.valueLearningRate());
        GuardConfig guarding = save.guarding();
        this.guard = config.plan().guardMemory().map(memory -> {
            double smoothing = save.regularisation().labelSmoothing();
            return new GradientGuard(
                    guarding.guard(),
                    new PairMemory(grader.model(), pairs, this.config, guarding.batch(), smoothing, seeds, ranks),
                    grader.model().trunk(),
                    trunk);
        });
    }

    private Optimiser optimiser(String model, String group, Parameters weights, double learningRate) {
        AdamW adam = new AdamW(
                List.of(new ParameterGroup(group, weights, 0)),
                OptimiserConfig.withLearningRate(learningRate),
                ranks.collective());
        return new Optimiser(model, adam, options.maxGradNorm());
    }

    List<AdamW> optimisers() {
        return List.of(trunk.adam(), valueHead.adam());
    }

    /** One update, from what the model as it is says of the samples. */
    RewardModelStep update(Samples samples, Course course, long step) {
        int groupSize = samples.batch().groupSize();
        Grades before = grader.grade(samples.reading().rows(), groupSize);
        TeachingBatch batch = TeachingBatch.of(samples, before, filtering, course.residualised());
        RewardModelTarget targetBefore = labeller.target(batch, step);
        RewardModelTarget target = targetBefore;
        Sums sums = new Sums();
        int[][] miniBatches =
                Splits.even(IntStream.range(0, samples.batch().size()).toArray(), options.rmMiniBatches());
        for (int m = 0; m < miniBatches.length; m++) {
            if (m > 0 && options.relabel() == Relabel.MINI_BATCH) {
                batch = batch.regraded(grader, miniBatches[m]);
                target = labeller.target(batch, step);
            }
            optimiserStep(batch, target, miniBatches[m], course, step, m, sums);
        }
        if (fitsToImproved) {
            fitToImproved(batch, step, sums);
        }
        return new RewardModelStep(before, targetBefore.feedback(), sums.losses(ranks), course);
    }

    /**
     * What an update changed.
     *
     * @param samples that taught
     * @param course that was in force
     * @param after what the improved model says of them
     */
    RewardModelChange change(Samples samples, Course course, Grades after, long step) {
        TeachingBatch batch = TeachingBatch.of(samples, after, filtering, course.residualised());
        return new RewardModelChange(after, labeller.byAdvantage(batch, labeller.anchors(batch, step)));
    }

    private void optimiserStep(
            TeachingBatch batch,
            RewardModelTarget target,
            int[] prompts,
            Course course,
            long step,
            int miniBatch,
            Sums sums) {
        ContrastPass.MiniBatch whole = contrast.miniBatch(batch, target, prompts, course.contrastWeight());
        OptimiserStep at = new OptimiserStep(step, miniBatch, passTokens(), dropoutKey());
        zeroGradients();
        double loss = 0;
        int promptsPerPass = Math.max(1, config.perDeviceBatchSize() / batch.groupSize());
        List<Integer> own =
                Arrays.stream(ranks.part(prompts.length).of(prompts)).boxed().toList();
        for (List<Integer> part : Splits.fitting(own, p -> whole.rows(p).tokens(), at.passTokens(), promptsPerPass)) {
            int[] together = part.stream().mapToInt(Integer::intValue).toArray();
            loss += contrast.run(whole, together, at.dropoutKey(), sums);
        }
        loss = ranks.sum(loss);
        if (guard.isPresent()) {
            GradientGuard.Held held = guard.get().hold(course, at);
            sums.held.add(held);
            loss += held.minimised();
        }
        CheckedGradient trunkGradient = trunk.check(loss, step);
        CheckedGradient valueGradient = valueHead.check(loss, step);
        trunkGradient.step(course.rate() * options.learningRate());
        valueGradient.step(options.valueLearningRate());
        sums.step(loss, trunkGradient.norm());
    }

    private void zeroGradients() {
        trunk.zeroGradient();
        valueHead.zeroGradient();
    }

    /** Names the optimiser step that comes next. */
    private OptionalLong dropoutKey() {
        return OptionalLong.of(seeds.key(Seeds.Stream.LORA_DROPOUT, trunk.steps(), REWARD_MODEL_DROPOUT, 0));
    }

    private int passTokens() {
        return new PassSize(config.activationMemoryMb(), config.gradientCheckpointing())
                .tokens(grader.model().decoder().plan());
    }

    /**
     * Value target {@code improved}: one step of the value head towards the group means that the updated model gives.
     */
    private void fitToImproved(TeachingBatch batch, long step, Sums sums) {
        double[][] rewards = grader.grade(batch.rows(), batch.groupSize()).rewards();
        double[][] targets = ValueTarget.GROUP_MEAN.targets(rewards, batch.usable());
        double normaliser = ValueLoss.normaliser(targets);
        zeroGradients();
        double loss = 0;
        Ranks.Part own = ranks.part(targets.length);
        for (int[] part :
                Splits.ofAtMost(IntStream.range(own.from(), own.to()).toArray(), config.perDeviceBatchSize())) {
            List<ScoredRow> prompts = new ArrayList<>();
            for (int p : part) {
                int[] prompt = batch.prompt(p);
                prompts.add(new ScoredRow(prompt, prompt.length));
            }
            try (RewardPass pass = grader.model().pass(prompts, false)) {
                ValueLoss.Evaluation value = ValueLoss.evaluate(pass.values(), Groups.pick(targets, part), normaliser);
                pass.backward(new double[part.length], value.gradValues(), 0);
                loss += value.loss();
            }
        }
        loss = ranks.sum(loss);
        valueHead.check(loss, step).step(options.valueLearningRate());
        sums.improvedValueLoss(loss);
    }

    @Override
    public void close() {
        guard.ifPresent(GradientGuard::close);
        trunk.close();
        valueHead.close();
    }

    /** The losses of an update so far; those of passes are this rank's alone. */
    static final class Sums {
        private double loss;
        private double norm;
        private int steps;
        private double contrast;
        private double value;
        private OptionalDouble improvedValue = OptionalDouble.empty();
        private final List<GradientGuard.Held> held = new ArrayList<>();

        void step(double stepLoss, double stepNorm) {
            loss += stepLoss;
            norm += stepNorm;
            steps++;
        }

        void pass(AnchoredContrast.Evaluation contrastLoss, ValueLoss.Evaluation valueLoss) {
            contrast += contrastLoss.loss();
            value += valueLoss.loss();
        }

        void improvedValueLoss(double valueLoss) {
            improvedValue = OptionalDouble.of(valueLoss * steps);
        }

        RewardModelLosses losses(Ranks ranks) {
            double[] ofPasses = ranks.collective().sum(contrast, value);
            return new RewardModelLosses(
                    loss / steps,
                    ofPasses[0] / steps,
                    improvedValue.orElse(ofPasses[1]) / steps,
                    GuardFigures.of(held),
                    norm / steps,
                    steps);
        }
    }
}
