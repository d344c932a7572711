package dev.flipside.train;

import dev.flipside.algo.ExplainedVariance;
import dev.flipside.algo.Groups;
import dev.flipside.algo.Ridge;
import dev.flipside.algo.ValueLoss;
import dev.flipside.algo.ValueTarget;
import dev.flipside.config.AnchorConfig;
import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.FilterConfig;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.config.ValueHeadConfig.ValueWarmup;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.RewardModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Before a round: fits the value head to the rewards that the reward model as it is gives to the policy's samples, and
 * measures the floor of filter {@code std} (docs/method.md, Decisions and their options).
 */
final class ValueWarmUp {
    /** Penalties tried by the ridge fit, as multiples of the mean variance of a feature. */
    private static final double[] RELATIVE_PENALTIES = {1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};

    private static final int FOLDS = 4;
    private static final int SGD_STEPS = 240;
    private static final double SGD_LEARNING_RATE = 1e-2;

    private final Rollouts rollouts;
    private final Grader grader;
    private final AnchorConfig anchoring;
    private final FilterConfig filtering;
    private final ValueHeadConfig options;
    private final int numGenerations;
    private final Seeds seeds;
    private final TrainListener listener;

    ValueWarmUp(
            Rollouts rollouts,
            Grader grader,
            SaveConfig save,
            int numGenerations,
            Seeds seeds,
            TrainListener listener) {
        this.rollouts = rollouts;
        this.grader = grader;
        this.anchoring = save.anchoring();
        this.filtering = save.filtering();
        this.options = save.valueHead();
        this.numGenerations = numGenerations;
        this.seeds = seeds;
        this.listener = listener;
    }

    /**
     * What the loop starts with.
     *
     * @param anchor the configured anchor, or leave_one_out when the value head is worse than the global mean
     * @param floor the least group standard deviation of filter std
     * @param looks how far looks decide of the rewards
     * @param heldOut how well the head predicts group means on prompts it was not fitted to; empty when nothing was
     *     fitted
     */
    record Fitted(Anchor anchor, double floor, Map<String, Double> looks, Optional<ExplainedVariance> heldOut) {
        /** What the round begins with. */
        RoundStart start() {
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put("save/filter_floor", floor);
            metrics.putAll(looks);
            metrics.put("save/anchor_is_value", anchor == Anchor.VALUE || anchor == Anchor.MIXTURE ? 1.0 : 0.0);
            heldOut.ifPresent(h -> {
                metrics.put("save/warmup_r2", h.r2());
                metrics.put("save/warmup_r2_over_ceiling", h.r2OverCeiling());
                metrics.put("save/warmup_r2_ceiling", h.ceiling());
            });
            return new RoundStart(anchor, floor, metrics);
        }
    }

    Fitted run(List<PromptExample> prompts, long round) {
        boolean fit = options.valueWarmup() != ValueWarmup.OFF;
        int fitted = fit ? options.valueWarmupPrompts() : 0;
        int heldOut = fitted / 2;
        int needed = Math.max(fitted + heldOut, filtering.calibrationPrompts());
        List<PromptExample> chosen = choose(prompts, needed, round);
        listener.message("value warm-up: " + needed + " prompts x " + numGenerations + " samples");
        if (fitted + heldOut > prompts.size()) {
            listener.message("value warm-up: there are only " + prompts.size()
                    + " prompts, so some of the held-out ones are also fitted to and R^2 flatters the head; lower save.value_warmup_prompts to "
                    + Math.max(FOLDS, prompts.size() * 2 / 3) + " for an honest figure");
        }
        RolloutBatch batch = rollouts.sample(chosen, numGenerations, Seeds.Stream.VALUE_WARM_UP, round);
        initialiseHead();
        double[][] rewards =
                grader.grade(grader.read(batch).rows(), numGenerations).rewards();
        boolean[][] usable = filtering.maskTruncated() ? batch.finished() : Groups.allUsable(rewards);
        double floor = filtering.filterFloor() * meanGroupStd(rewards, usable, filtering.calibrationPrompts());
        Map<String, Double> looks = LooksFigures.correlations(batch, rewards);
        if (!fit) {
            return new Fitted(anchoring.anchor(), floor, looks, Optional.empty());
        }
        List<int[]> ids =
                chosen.stream().map(p -> grader.renderer().prompt(p.prompt())).toList();
        double[][] features =
                grader.ranks().rows(ids.size(), own -> grader.model().promptFeatures(own.of(ids)));
        double[][] targets = ValueTarget.GROUP_MEAN.targets(rewards, usable);
        fitHead(rows(features, targets, 0, fitted), column(targets, 0, fitted));
        grader.ranks().share(grader.model().valueHead());
        ExplainedVariance explained = ExplainedVariance.of(
                predict(Arrays.copyOfRange(features, fitted, fitted + heldOut)),
                keptRows(rewards, usable, fitted, fitted + heldOut));
        return new Fitted(anchorAfter(explained), floor, looks, Optional.of(explained));
    }

    private Anchor anchorAfter(ExplainedVariance explained) {
        boolean needsValue = anchoring.anchor() == Anchor.VALUE || anchoring.anchor() == Anchor.MIXTURE;
        if (!explained.measured()) {
            listener.warning(
                    "the value head cannot be judged, because fewer than two of the held-out warm-up prompts have two completions that count; "
                            + "raise rollout.max_completion_length or save.value_warmup_prompts, or set save.mask_truncated: false. The anchor is "
                            + Spelling.of(without(needsValue)) + ".");
            return without(needsValue);
        }
        String share = explained.ceiling() == 0
                ? "group means differ by sampling noise alone"
                : String.format("ceiling %.3f, share of it %.3f", explained.ceiling(), explained.r2OverCeiling());
        listener.message(String.format(
                "value head on held-out prompts: R^2 %.3f (%s), mean squared error %.4g against %.4g of the global mean",
                explained.r2(), share, explained.mse(), explained.meanMse()));
        if (explained.noWorseThanMean() || !needsValue) {
            return anchoring.anchor();
        }
        if (anchoring.forceAnchor()) {
            listener.warning("the value head is worse than the global mean; save.force_anchor keeps it as the anchor.");
        } else {
            listener.warning("the value head is worse than the global mean, so the anchor falls back to leave_one_out;"
                    + " more save.value_warmup_prompts may help, save.force_anchor keeps it.");
        }
        return without(true);
    }

    /** The anchor where the value head is of no use. */
    private Anchor without(boolean needsValue) {
        return needsValue && !anchoring.forceAnchor() ? Anchor.LEAVE_ONE_OUT : anchoring.anchor();
    }

    private void initialiseHead() {
        RewardModel model = grader.model();
        switch (options.valueHeadInit()) {
            case ZEROS -> model.setValueHead(new double[model.files().config().hiddenSize()], 0);
            case REWARD_HEAD -> model.setValueHead(rewardHead(model), 0);
            case SAVED -> {
                if (!model.hasValueHead()) {
                    throw new UserError(
                            "save.value_head_init: saved needs value_head.safetensors in the reward model's directory, which has none; use zeros or reward_head.");
                }
            }
        }
    }

    private static double[] rewardHead(RewardModel model) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return doubles(Tensors.toFloats(model.trunk().get("score.weight")));
        }
    }

    private void fitHead(double[][] features, double[] targets) {
        if (features.length < FOLDS) {
            throw new UserError(
                    "save.value_warmup: only " + features.length
                            + " warm-up prompts have a finished completion to learn from; raise rollout.max_completion_length, or set save.mask_truncated: false.");
        }
        if (options.valueWarmup() == ValueWarmup.RIDGE) {
            double scale = meanVariance(features);
            double[] penalties =
                    Arrays.stream(RELATIVE_PENALTIES).map(p -> p * scale).toArray();
            Ridge.Fit fit = Ridge.choose(features, targets, penalties, FOLDS).fit();
            grader.model().setValueHead(fit.weights(), fit.intercept());
        } else {
            descend(features, targets);
        }
    }

    /** Full-batch Adam on the head alone. */
    private void descend(double[][] features, double[] targets) {
        Parameters head = grader.model().valueHead();
        ParameterGroup group = new ParameterGroup("value_head", head, 0);
        double[][] targetRows =
                Arrays.stream(targets).mapToObj(t -> new double[] {t}).toArray(double[][]::new);
        try (AdamW adam = new AdamW(List.of(group), OptimiserConfig.withLearningRate(SGD_LEARNING_RATE))) {
            for (int step = 0; step < SGD_STEPS; step++) {
                double[] error = ValueLoss.evaluate(predict(features), targetRows, features.length)
                        .gradValues();
                double[] gradWeight = new double[features[0].length];
                double gradBias = 0;
                for (int i = 0; i < features.length; i++) {
                    gradBias += error[i];
                    for (int j = 0; j < gradWeight.length; j++) {
                        gradWeight[j] += error[i] * features[i][j];
                    }
                }
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    head.get("weight").grad().copy_(Tensors.ofDoubles(gradWeight, head.device(), 1, gradWeight.length));
                    head.get("bias").grad().copy_(Tensors.ofDoubles(new double[] {gradBias}, head.device(), 1));
                }
                adam.step(1.0, SGD_LEARNING_RATE);
            }
        }
    }

    private double[] predict(double[][] features) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Parameters head = grader.model().valueHead();
            Ridge.Fit fit =
                    new Ridge.Fit(doubles(Tensors.toFloats(head.get("weight"))), Tensors.toFloats(head.get("bias"))[0]);
            return Arrays.stream(features).mapToDouble(fit::predict).toArray();
        }
    }

    /** Prompts drawn by the seed without replacement, and again from the start when there are too few. */
    private List<PromptExample> choose(List<PromptExample> prompts, int n, long round) {
        int[] order = seeds.permutation(Seeds.Stream.VALUE_WARM_UP, round, prompts.size());
        List<PromptExample> chosen = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            chosen.add(prompts.get(order[i % order.length]));
        }
        return chosen;
    }

    private static double meanGroupStd(double[][] rewards, boolean[][] usable, int prompts) {
        double sum = 0;
        int groups = 0;
        for (int p = 0; p < prompts; p++) {
            double[] kept = Groups.kept(rewards[p], usable[p]);
            if (kept.length > 1) {
                sum += Groups.std(kept);
                groups++;
            }
        }
        return groups == 0 ? 0 : sum / groups;
    }

    private static double[][] rows(double[][] features, double[][] targets, int from, int to) {
        List<double[]> rows = new ArrayList<>();
        for (int p = from; p < to; p++) {
            if (targets[p].length > 0) {
                rows.add(features[p]);
            }
        }
        return rows.toArray(double[][]::new);
    }

    private static double[] column(double[][] targets, int from, int to) {
        return Arrays.stream(targets, from, to).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double[][] keptRows(double[][] rewards, boolean[][] usable, int from, int to) {
        double[][] kept = new double[to - from][];
        for (int p = from; p < to; p++) {
            kept[p - from] = Groups.kept(rewards[p], usable[p]);
        }
        return kept;
    }

    private static double meanVariance(double[][] features) {
        double sum = 0;
        for (int j = 0; j < features[0].length; j++) {
            int column = j;
            sum += Groups.variance(
                    Arrays.stream(features).mapToDouble(f -> f[column]).toArray());
        }
        return Math.max(sum / features[0].length, Double.MIN_NORMAL);
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
