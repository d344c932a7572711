package dev.flipside.train;

import dev.flipside.algo.Anchors;
import dev.flipside.algo.ControlLabels;
import dev.flipside.algo.Feedback;
import dev.flipside.algo.FeedbackFilter;
import dev.flipside.algo.FilterRule;
import dev.flipside.algo.ValueTarget;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.SaveConfig.Anchor;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Turns the grades of a batch into what the reward model is taught: anchors (decision D1), labels (D2, D17) and value targets (D6). */
final class Labelling implements AutoCloseable {
    private final SaveConfig save;
    private final Anchor anchor;
    private final double floor;
    private final Optional<RewardModel> initial;
    private final Seeds seeds;

    /**
     * @param anchor the configured anchor, or leave_one_out after a failed warm-up
     * @param floor the least group standard deviation of filter std
     * @param initial the reward model as the round began; needed for anchor frozen
     */
    Labelling(SaveConfig save, Anchor anchor, double floor, Optional<RewardModel> initial, Seeds seeds) {
        this.save = save;
        this.anchor = anchor;
        this.floor = floor;
        this.initial = initial;
        this.seeds = seeds;
    }

    /**
     * A batch with the grades that labels and targets are made from.
     *
     * @param rows the completions as the reward model reads them, group after group
     * @param usable which completions may teach, {@code [prompt][sample]}
     * @param gold the true rewards, same shape; needed for labels gold
     */
    record Graded(List<ScoredRow> rows, boolean[][] usable, Optional<double[][]> gold, Grader.Grades grades) {
        /** The same batch with some prompts graded again by the model as it is now. */
        Graded regraded(Grader grader, int[] prompts, int groupSize) {
            double[][] rewards = grades.rewards().clone();
            double[] values = grades.values().clone();
            Grader.Grades fresh = grader.grade(rowsOf(prompts), groupSize);
            for (int i = 0; i < prompts.length; i++) {
                rewards[prompts[i]] = fresh.rewards()[i];
                values[prompts[i]] = fresh.values()[i];
            }
            return new Graded(rows, usable, gold, new Grader.Grades(rewards, values));
        }

        /** Tokens that a pass over the rows of a prompt computes, what they share of the prompt once. */
        long tokensOf(int prompt) {
            List<ScoredRow> group = rowsOf(new int[] {prompt});
            int shared = group.stream().mapToInt(ScoredRow::promptLength).min().orElseThrow();
            return shared
                    + group.stream().mapToLong(r -> r.ids().length - shared).sum();
        }

        /** The rows of some prompts, group after group. */
        List<ScoredRow> rowsOf(int[] prompts) {
            int groupSize = rows.size() / usable.length;
            List<ScoredRow> picked = new ArrayList<>();
            for (int p : prompts) {
                picked.addAll(rows.subList(p * groupSize, (p + 1) * groupSize));
            }
            return picked;
        }
    }

    /** Labels and value targets of every prompt; held fixed within an optimiser step. */
    record Target(Feedback feedback, double[][] anchors, double[][] values) {}

    Target target(Graded graded, long step) {
        double[][] anchors = anchors(graded, step);
        Feedback feedback = byAdvantage(graded, anchors);
        Feedback labelled =
                switch (save.labels()) {
                    case ADVANTAGE -> feedback;
                    case RANDOM_SIGNS ->
                        feedback.withLabels(ControlLabels.randomSigns(
                                feedback.label(),
                                (prompt, sample) ->
                                        Seeds.uniform(seeds.key(Seeds.Stream.RANDOM_SIGNS, step, prompt, sample), 0)
                                                < 0.5));
                    case GOLD ->
                        feedback.withLabels(ControlLabels.gold(
                                graded.gold()
                                        .orElseThrow(
                                                () -> new IllegalArgumentException("labels gold without gold rewards")),
                                graded.usable()));
                };
        ValueTarget kind = save.valueTarget() == SaveConfig.ValueTarget.LEAVE_ONE_OUT
                ? ValueTarget.LEAVE_ONE_OUT
                : ValueTarget.GROUP_MEAN;
        return new Target(labelled, anchors, kind.targets(graded.grades().rewards(), graded.usable()));
    }

    /** The labels that the reward model's own advantage gives. */
    Feedback byAdvantage(Graded graded, double[][] anchors) {
        return FeedbackFilter.label(graded.grades().rewards(), anchors, graded.usable(), rule());
    }

    /** What each reward is compared with, {@code [prompt][sample]}. */
    double[][] anchors(Graded graded, long step) {
        double[][] rewards = graded.grades().rewards();
        double[] values = graded.grades().values();
        double[][] anchors =
                switch (anchor) {
                    case VALUE -> Anchors.value(values, rewards);
                    case LEAVE_ONE_OUT -> Anchors.leaveOneOut(rewards, graded.usable());
                    case MIXTURE -> Anchors.mixture(values, rewards, graded.usable(), save.anchorMix());
                    case FROZEN -> Anchors.value(initialValues(graded), rewards);
                    case SHUFFLED -> {
                        int[] order = seeds.permutation(Seeds.Stream.ANCHOR_SHUFFLE, step, values.length);
                        yield Anchors.value(
                                IntStream.of(order).mapToDouble(i -> values[i]).toArray(), rewards);
                    }
                };
        if (save.anchorNoise() == 0) {
            return anchors;
        }
        return Anchors.moved(
                anchors,
                rewards,
                graded.usable(),
                prompt -> save.anchorNoise() * Seeds.normal(seeds.key(Seeds.Stream.ANCHOR_NOISE, step, prompt, 0), 0));
    }

    private double[] initialValues(Graded graded) {
        int groupSize = graded.usable()[0].length;
        RewardModel model =
                initial.orElseThrow(() -> new IllegalStateException("anchor frozen without the initial model"));
        return model.values(IntStream.range(0, graded.usable().length)
                .mapToObj(p -> graded.rows().get(p * groupSize))
                .map(ScoredRow::prompt)
                .toList());
    }

    private FilterRule rule() {
        return switch (save.filter()) {
            case STD -> new FilterRule.Std(save.filterThreshold(), floor);
            case ABSOLUTE -> new FilterRule.Absolute(save.filterThreshold());
            case FRACTION -> new FilterRule.Fraction(save.filterThreshold());
            case NONE -> new FilterRule.None();
        };
    }

    @Override
    public void close() {
        initial.ifPresent(RewardModel::close);
    }
}
