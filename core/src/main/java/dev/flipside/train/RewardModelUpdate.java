package dev.flipside.train;

import dev.flipside.algo.AnchoredContrast;
import dev.flipside.algo.Anchors;
import dev.flipside.algo.BradleyTerry;
import dev.flipside.algo.Centering;
import dev.flipside.algo.Feedback;
import dev.flipside.algo.Groups;
import dev.flipside.algo.ValueLoss;
import dev.flipside.algo.ValueTarget;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.SaveConfig.Anchor;
import dev.flipside.config.SaveConfig.AnchorGradient;
import dev.flipside.config.SaveConfig.Relabel;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Seeds;
import dev.flipside.model.PassSize;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardPass;
import dev.flipside.model.ScoredRow;
import dev.flipside.train.Labelling.Graded;
import dev.flipside.train.Labelling.Target;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The self-supervised update of the reward model: grade the policy's groups against the anchor, keep the clear ones, push positives above and negatives below
 * it, and fit the value head (docs/method.md).
 */
final class RewardModelUpdate implements AutoCloseable {
    /** Keeps the reward model's dropout apart from the policy's. */
    private static final int REWARD_MODEL_DROPOUT = 1;

    private final Grader grader;
    private final Labelling labelling;
    private final List<LabelledRows> replay;
    private final TrainConfig config;
    private final SaveConfig save;
    private final Anchor anchor;
    private final Seeds seeds;
    private final AdamW trunkOptimiser;
    private final AdamW valueOptimiser;

    /** A labelled pair as the reward model reads it. */
    record LabelledRows(ScoredRow chosen, ScoredRow rejected) {
        int tokens() {
            return chosen.ids().length + rejected.ids().length;
        }
    }

    /**
     * @param initial the reward model as the round began; needed for anchor frozen
     * @param replay labelled pairs; needed when replay_weight is above 0
     * @param anchor the configured anchor, or leave_one_out after a failed warm-up
     * @param floor the least group standard deviation of filter std
     */
    RewardModelUpdate(
            Grader grader,
            Optional<RewardModel> initial,
            List<LabelledRows> replay,
            TrainConfig config,
            Anchor anchor,
            double floor,
            Seeds seeds) {
        this.grader = grader;
        this.labelling = new Labelling(config.save(), anchor, floor, initial, seeds);
        this.replay = replay;
        this.config = config;
        this.save = config.save();
        this.anchor = anchor;
        this.seeds = seeds;
        RewardModel model = grader.model();
        this.trunkOptimiser = new AdamW(
                List.of(new AdamW.Group("reward_model", model.trunk(), 0)),
                OptimiserConfig.withLearningRate(save.learningRate()));
        this.valueOptimiser = new AdamW(
                List.of(new AdamW.Group("value_head", model.valueHead(), 0)),
                OptimiserConfig.withLearningRate(save.valueLearningRate()));
    }

    List<AdamW> optimisers() {
        return List.of(trunkOptimiser, valueOptimiser);
    }

    /**
     * What an update saw and did.
     *
     * @param rows the completions as the reward model reads them
     * @param before the snapshot's grades
     * @param feedback advantages and labels from the snapshot
     */
    record Outcome(List<ScoredRow> rows, Grader.Grades before, Feedback feedback) {}

    /**
     * One update.
     *
     * @param gold the true rewards of the batch, {@code [prompt][sample]}; needed for labels gold
     */
    Outcome update(RolloutBatch batch, Optional<double[][]> gold, long step, Map<String, Double> metrics) {
        List<ScoredRow> rows = grader.rows(batch);
        boolean[][] usable = usable(batch);
        Grader.Grades snapshot = grader.grade(rows, batch.groupSize());
        Graded graded = new Graded(rows, usable, gold, snapshot);
        Target atFirst = labelling.target(graded, step);
        Target target = atFirst;
        Sums sums = new Sums();
        int[][] miniBatches = Splits.even(IntStream.range(0, batch.size()).toArray(), save.rmMiniBatches());
        for (int m = 0; m < miniBatches.length; m++) {
            if (m > 0 && save.relabel() == Relabel.MINI_BATCH) {
                graded = graded.regraded(grader, miniBatches[m], batch.groupSize());
                target = labelling.target(graded, step);
            }
            optimiserStep(graded, target, miniBatches[m], batch.groupSize(), step, m, sums);
        }
        if (save.valueTarget() == SaveConfig.ValueTarget.IMPROVED) {
            fitToImproved(rows, usable, batch.groupSize(), step, sums);
        }
        sums.write(metrics, save);
        return new Outcome(rows, snapshot, atFirst.feedback());
    }

    /**
     * Writes what the update changed under {@code save/}.
     *
     * @param after what the updated model says of the same batch
     */
    void writeChange(Outcome outcome, Grader.Grades after, long step, Map<String, Double> metrics) {
        Graded graded = new Graded(outcome.rows(), outcome.feedback().usable(), Optional.empty(), after);
        Feedback again = labelling.byAdvantage(graded, labelling.anchors(graded, step));
        FeedbackStatistics.writeChange(outcome, after.rewards(), again, metrics);
        double drift = 0;
        for (int p = 0; p < after.values().length; p++) {
            drift += Math.abs(after.values()[p] - outcome.before().values()[p]) / after.values().length;
        }
        metrics.put("save/anchor_drift", drift);
    }

    private void optimiserStep(
            Graded graded, Target target, int[] prompts, int groupSize, long step, int miniBatch, Sums sums) {
        int[][] labels = pick(target.feedback().label(), prompts);
        double contrastNormaliser = AnchoredContrast.normaliser(form(), labels);
        double valueNormaliser = ValueLoss.normaliser(pick(target.values(), prompts));
        trunkOptimiser.zeroGradient();
        valueOptimiser.zeroGradient();
        double loss = 0;
        int promptsPerPass = Math.max(1, config.rewardModel().perDeviceBatchSize() / groupSize);
        int tokens = passTokens();
        List<Integer> all = Arrays.stream(prompts).boxed().toList();
        for (List<Integer> part : Splits.fitting(all, graded::tokensOf, tokens, promptsPerPass)) {
            int[] together = part.stream().mapToInt(Integer::intValue).toArray();
            loss += microBatch(
                    graded, target, together, groupSize, contrastNormaliser, valueNormaliser, prompts.length, sums);
        }
        if (save.replayWeight() > 0) {
            loss += replay(step, miniBatch, sums);
        }
        double norm = NonFiniteException.requireFinite("reward model", loss, trunkOptimiser, step);
        double valueNorm = NonFiniteException.requireFinite("value head", loss, valueOptimiser, step);
        trunkOptimiser.step(NonFiniteException.clipScale(norm, save.maxGradNorm()), save.learningRate());
        valueOptimiser.step(NonFiniteException.clipScale(valueNorm, save.maxGradNorm()), save.valueLearningRate());
        sums.step(loss, norm);
    }

    /** Names the optimiser step that comes next. */
    private OptionalLong dropoutKey() {
        return OptionalLong.of(seeds.key(Seeds.Stream.LORA_DROPOUT, trunkOptimiser.steps(), REWARD_MODEL_DROPOUT, 0));
    }

    private int passTokens() {
        RewardModelConfig model = config.rewardModel();
        return new PassSize(model.activationMemoryMb(), model.gradientCheckpointing())
                .tokens(grader.model().files().config());
    }

    private double microBatch(
            Graded graded,
            Target target,
            int[] prompts,
            int groupSize,
            double contrastNormaliser,
            double valueNormaliser,
            int miniBatchPrompts,
            Sums sums) {
        List<ScoredRow> rows = graded.rowsOf(prompts);
        try (RewardPass pass = grader.model().pass(rows, config.rewardModel().gradientCheckpointing(), dropoutKey())) {
            double[][] rewards = Groups.rows(pass.rewards(), groupSize);
            double[] values = firstOfEach(pass.values(), groupSize);
            boolean flow = save.anchorGradient() == AnchorGradient.FLOW;
            double[][] anchors = flow ? currentAnchors(graded, prompts, values) : pick(target.anchors(), prompts);
            AnchoredContrast.Evaluation contrast = AnchoredContrast.evaluate(
                    rewards, anchors, pick(target.feedback().label(), prompts), contrastNormaliser, contrastOptions());
            Centering.Evaluation centering = Centering.evaluate(rewards, save.centering(), miniBatchPrompts);
            boolean fitted = save.valueTarget() != SaveConfig.ValueTarget.IMPROVED;
            ValueLoss.Evaluation value = ValueLoss.evaluate(values, pick(target.values(), prompts), valueNormaliser);
            double[] gradRewards = new double[rows.size()];
            double[] gradValues = new double[rows.size()];
            double weight = save.contrastWeight();
            double anchorShare = !flow ? 0 : anchor == Anchor.MIXTURE ? save.anchorMix() : 1;
            for (int p = 0; p < prompts.length; p++) {
                for (int i = 0; i < groupSize; i++) {
                    gradRewards[p * groupSize + i] =
                            weight * contrast.gradRewards()[p][i] + centering.gradRewards()[p][i];
                }
                // All rows of a group have the same prompt: its value is taken from the first.
                gradValues[p * groupSize] =
                        (fitted ? value.gradValues()[p] : 0) + weight * anchorShare * contrast.gradAnchor()[p];
            }
            pass.backward(gradRewards, gradValues, save.valueBackboneWeight());
            sums.contrast(contrast.loss(), value.loss());
            return weight * contrast.loss() + centering.loss() + (fitted ? value.loss() : 0);
        }
    }

    private double[][] currentAnchors(Graded graded, int[] prompts, double[] values) {
        double[][] rewards = pick(graded.grades().rewards(), prompts);
        return anchor == Anchor.MIXTURE
                ? Anchors.mixture(values, rewards, pick(graded.usable(), prompts), save.anchorMix())
                : Anchors.value(values, rewards);
    }

    /** Bradley-Terry on labelled pairs drawn by the seed, with replacement. */
    private double replay(long step, int miniBatch, Sums sums) {
        SplittableRandom random = new SplittableRandom(seeds.key(Seeds.Stream.REPLAY, step, miniBatch, 0));
        List<LabelledRows> drawn = IntStream.range(0, save.replayBatch())
                .mapToObj(i -> replay.get(random.nextInt(replay.size())))
                .toList();
        BradleyTerry.Options options = new BradleyTerry.Options(save.labelSmoothing(), 0);
        double normaliser = drawn.size() / save.replayWeight();
        double loss = 0;
        int pairsPerPass = Math.max(1, config.rewardModel().perDeviceBatchSize() / 2);
        int tokens = passTokens();
        for (List<LabelledRows> part : Splits.fitting(drawn, LabelledRows::tokens, tokens, pairsPerPass)) {
            loss += PairPass.run(
                            grader.model(),
                            part,
                            Optional.empty(),
                            normaliser,
                            options,
                            config.rewardModel().gradientCheckpointing(),
                            dropoutKey())
                    .loss();
        }
        sums.replay(loss);
        return loss;
    }

    /** Decision D6 {@code improved}: one step of the value head towards the group means that the updated model gives. */
    private void fitToImproved(List<ScoredRow> rows, boolean[][] usable, int groupSize, long step, Sums sums) {
        double[][] rewards = grader.grade(rows, groupSize).rewards();
        double[][] targets = ValueTarget.GROUP_MEAN.targets(rewards, usable);
        double normaliser = ValueLoss.normaliser(targets);
        trunkOptimiser.zeroGradient();
        valueOptimiser.zeroGradient();
        double loss = 0;
        int[] everyPrompt = IntStream.range(0, targets.length).toArray();
        for (int[] part : Splits.ofAtMost(everyPrompt, config.rewardModel().perDeviceBatchSize())) {
            List<ScoredRow> prompts = new ArrayList<>();
            for (int p : part) {
                int[] prompt = rows.get(p * groupSize).prompt();
                prompts.add(new ScoredRow(prompt, prompt.length));
            }
            try (RewardPass pass = grader.model().pass(prompts, false)) {
                ValueLoss.Evaluation value = ValueLoss.evaluate(pass.values(), pick(targets, part), normaliser);
                pass.backward(new double[part.length], value.gradValues(), 0);
                loss += value.loss();
            }
        }
        double norm = NonFiniteException.requireFinite("value head", loss, valueOptimiser, step);
        valueOptimiser.step(NonFiniteException.clipScale(norm, save.maxGradNorm()), save.valueLearningRate());
        sums.improvedValueLoss(loss);
    }

    private boolean[][] usable(RolloutBatch batch) {
        return save.maskTruncated() ? batch.finished() : Groups.allUsable(new double[batch.size()][batch.groupSize()]);
    }

    private AnchoredContrast.Form form() {
        if (save.rmLoss() == SaveConfig.RmLoss.PAIRWISE) {
            return AnchoredContrast.Form.PAIRWISE;
        }
        return save.balance() == SaveConfig.Balance.PER_SIGN
                ? AnchoredContrast.Form.ANCHORED
                : AnchoredContrast.Form.ANCHORED_ALL_KEPT;
    }

    private AnchoredContrast.Options contrastOptions() {
        return new AnchoredContrast.Options(form(), save.labelSmoothing(), save.marginCap());
    }

    private static double[] firstOfEach(double[] values, int groupSize) {
        double[] first = new double[values.length / groupSize];
        for (int p = 0; p < first.length; p++) {
            first[p] = values[p * groupSize];
        }
        return first;
    }

    private static <T> T[] pick(T[] rows, int[] places) {
        T[] picked = Arrays.copyOf(rows, places.length);
        for (int i = 0; i < places.length; i++) {
            picked[i] = rows[places[i]];
        }
        return picked;
    }

    @Override
    public void close() {
        trunkOptimiser.close();
        valueOptimiser.close();
        labelling.close();
    }

    /** The figures of one update. */
    private static final class Sums {
        private double loss;
        private double norm;
        private int steps;
        private double contrast;
        private double value;
        private double replay;

        void step(double stepLoss, double stepNorm) {
            loss += stepLoss;
            norm += stepNorm;
            steps++;
        }

        void contrast(double contrastLoss, double valueLoss) {
            contrast += contrastLoss;
            value += valueLoss;
        }

        void replay(double replayLoss) {
            replay += replayLoss;
        }

        void improvedValueLoss(double valueLoss) {
            value = valueLoss * steps;
        }

        void write(Map<String, Double> metrics, SaveConfig save) {
            metrics.put("save/rm_loss", loss / steps);
            metrics.put("save/contrast_loss", contrast / steps);
            metrics.put("save/value_loss", value / steps);
            if (save.replayWeight() > 0) {
                metrics.put("save/replay_loss", replay / steps);
            }
            metrics.put("save/rm_grad_norm", norm / steps);
            metrics.put("save/rm_lr", save.learningRate());
            metrics.put("save/rm_steps", (double) steps);
        }
    }
}
