package dev.flipside.train;

import dev.flipside.algo.Anchors;
import dev.flipside.algo.ControlLabels;
import dev.flipside.algo.Feedback;
import dev.flipside.algo.FeedbackFilter;
import dev.flipside.algo.FilterRule;
import dev.flipside.algo.ValueTarget;
import dev.flipside.config.AnchorConfig.Anchor;
import dev.flipside.config.ControlsConfig;
import dev.flipside.config.FilterConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Turns the grades of a batch into what the reward model is taught: anchors, labels and value targets. docs/method.md
 * says which of each can be chosen.
 */
final class Labeller {
    private final FilterConfig filtering;
    private final ControlsConfig controls;
    private final double anchorMix;
    private final ValueTarget valueTarget;
    private final Anchor anchor;
    private final double floor;
    private final Optional<RewardModel> initial;
    private final Seeds seeds;
    private final Ranks ranks;
    private List<int[]> lastPrompts = List.of();
    private double[] lastValues = new double[0];

    /**
     * @param anchor the configured anchor, or leave_one_out after a failed warm-up
     * @param floor the least group standard deviation of filter std
     * @param initial the reward model as the round began; needed for anchor frozen, and closed by its owner
     * @param ranks each of which asks it about its part of the prompts
     */
    Labeller(SaveConfig save, Anchor anchor, double floor, Optional<RewardModel> initial, Seeds seeds, Ranks ranks) {
        this.filtering = save.filtering();
        this.controls = save.controls();
        this.anchorMix = save.anchoring().anchorMix();
        this.valueTarget = save.valueHead().valueTarget() == ValueHeadConfig.ValueTarget.LEAVE_ONE_OUT
                ? ValueTarget.LEAVE_ONE_OUT
                : ValueTarget.GROUP_MEAN;
        this.anchor = anchor;
        this.floor = floor;
        this.initial = initial;
        this.seeds = seeds;
        this.ranks = ranks;
    }

    RewardModelTarget target(TeachingBatch batch, long step) {
        double[][] anchors = anchors(batch, step);
        Feedback feedback = byAdvantage(batch, anchors);
        Feedback labelled =
                switch (controls.labels()) {
                    case ADVANTAGE -> feedback;
                    case RANDOM_SIGNS ->
                        feedback.withLabels(ControlLabels.randomSigns(
                                feedback.label(),
                                (prompt, sample) ->
                                        Seeds.uniform(seeds.key(Seeds.Stream.RANDOM_SIGNS, step, prompt, sample), 0)
                                                < 0.5));
                    case GOLD ->
                        feedback.withLabels(ControlLabels.gold(
                                batch.gold()
                                        .orElseThrow(
                                                () -> new IllegalArgumentException("labels gold without gold rewards")),
                                batch.usable()));
                };
        return new RewardModelTarget(
                labelled, anchors, valueTarget.targets(batch.grades().rewards(), batch.usable()));
    }

    /** The labels that the reward model's own advantage gives. */
    Feedback byAdvantage(TeachingBatch batch, double[][] anchors) {
        return FeedbackFilter.label(batch.labelRewards(), anchors, batch.usable(), rule());
    }

    /** What each reward is compared with, {@code [prompt][sample]}. */
    double[][] anchors(TeachingBatch batch, long step) {
        double[][] rewards = batch.grades().rewards();
        double[] values = batch.grades().values();
        double[][] anchors =
                switch (anchor) {
                    case VALUE -> Anchors.value(values, rewards);
                    case LEAVE_ONE_OUT -> Anchors.leaveOneOut(rewards, batch.usable());
                    case MIXTURE -> Anchors.mixture(values, rewards, batch.usable(), anchorMix);
                    case FROZEN -> Anchors.value(initialValues(batch), rewards);
                    case SHUFFLED -> {
                        int[] order = seeds.permutation(Seeds.Stream.ANCHOR_SHUFFLE, step, values.length);
                        yield Anchors.value(
                                IntStream.of(order).mapToDouble(i -> values[i]).toArray(), rewards);
                    }
                };
        if (controls.anchorNoise() == 0) {
            return anchors;
        }
        return Anchors.moved(
                anchors,
                rewards,
                batch.usable(),
                prompt -> controls.anchorNoise()
                        * Seeds.normal(seeds.key(Seeds.Stream.ANCHOR_NOISE, step, prompt, 0), 0));
    }

    /** The initial model stays as it is, so it is asked once for the prompts of a batch. */
    private double[] initialValues(TeachingBatch batch) {
        RewardModel model =
                initial.orElseThrow(() -> new IllegalStateException("anchor frozen without the initial model"));
        List<int[]> prompts = IntStream.range(0, batch.usable().length)
                .mapToObj(batch::prompt)
                .toList();
        if (!Arrays.deepEquals(prompts.toArray(), lastPrompts.toArray())) {
            lastValues = ranks.numbers(prompts.size(), own -> model.values(own.of(prompts)));
            lastPrompts = prompts;
        }
        return lastValues;
    }

    private FilterRule rule() {
        return switch (filtering.filter()) {
            case STD -> new FilterRule.Std(filtering.filterThreshold(), floor);
            case ABSOLUTE -> new FilterRule.Absolute(filtering.filterThreshold());
            case FRACTION -> new FilterRule.Fraction(filtering.filterThreshold());
            case NONE -> new FilterRule.None();
        };
    }
}
