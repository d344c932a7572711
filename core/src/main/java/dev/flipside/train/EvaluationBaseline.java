package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.McNemar;
import dev.flipside.eval.AdvantageDeciles;
import dev.flipside.eval.AnchoredPairs;
import dev.flipside.eval.ScoreShift;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the run's first evaluation found, which later ones are compared with; it lasts over the rounds. Fixed texts show
 * how far a reward model's scale, level, order and anchors have moved, whatever the policy does: the held-out pairs,
 * which are scored anyway, or without them some samples of the initial policy.
 */
final class EvaluationBaseline {
    /** Samples kept when there are no labelled pairs; scoring them again is the price of every evaluation. */
    private static final int PROBE_ROWS = 64;

    private BaselineState state = new BaselineState(Optional.empty(), Optional.empty());

    /**
     * The held-out pairs at first.
     *
     * @param correct which pairs the reward model ordered as labelled, and {@code best}, when most were
     * @param rewards pair after pair, chosen first
     * @param values one per pair
     */
    record Pairs(boolean[] correct, boolean[] best, double[] rewards, double[] values) {}

    /**
     * Samples of the initial policy.
     *
     * @param ids prompt and answer of each, whole groups
     * @param promptLengths how many of the ids are the prompt's own
     * @param mergedPrompts by place among {@code ids}, as in {@link ScoredRow}
     */
    record Probe(
            int[][] ids,
            int[] promptLengths,
            Map<Integer, int[]> mergedPrompts,
            int groupSize,
            double[] rewards,
            double[] values) {
        static Probe of(List<ScoredRow> rows, int groupSize, Scores now) {
            Map<Integer, int[]> merged = new TreeMap<>();
            for (int i = 0; i < rows.size(); i++) {
                int place = i;
                rows.get(i).mergedPrompt().ifPresent(prompt -> merged.put(place, prompt));
            }
            return new Probe(
                    rows.stream().map(ScoredRow::ids).toArray(int[][]::new),
                    rows.stream().mapToInt(ScoredRow::promptLength).toArray(),
                    merged,
                    groupSize,
                    now.rewards(),
                    now.values());
        }

        List<ScoredRow> rows() {
            List<ScoredRow> rows = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                rows.add(new ScoredRow(ids[i], promptLengths[i], Optional.ofNullable(mergedPrompts.get(i))));
            }
            return rows;
        }
    }

    BaselineState state() {
        return state;
    }

    void restore(BaselineState restored) {
        state = restored;
    }

    /**
     * Compares the reward model on held-out pairs with the first evaluation and with the best so far, and with its own
     * anchor.
     */
    Map<String, Double> compare(HeldOutScores now) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        boolean[] correct = now.correct();
        if (state.pairs().isEmpty()) {
            Pairs first = new Pairs(correct, correct, now.interleaved(), now.values());
            state = new BaselineState(Optional.of(first), Optional.empty());
        }
        Pairs then = state.pairs().get();
        metrics.put(
                "eval_rm/p_worse_than_first",
                McNemar.of(then.correct(), correct).pValue());
        metrics.put(
                "eval_rm/p_worse_than_best", McNemar.of(then.best(), correct).pValue());
        if (Groups.count(correct) > Groups.count(then.best())) {
            Pairs better = new Pairs(then.correct(), correct, then.rewards(), then.values());
            state = new BaselineState(Optional.of(better), Optional.empty());
        }
        metrics.putAll(shift(
                new ScoreShift.Scored(then.rewards(), then.values()),
                new ScoreShift.Scored(now.interleaved(), now.values()),
                2));
        metrics.putAll(anchoring(anchored(then.rewards(), then.values()), anchored(now.interleaved(), now.values())));
        return metrics;
    }

    /** Without held-out pairs: keeps some of the initial policy's samples and scores them again at every evaluation. */
    Map<String, Double> compare(Grader judge, List<ScoredRow> samples, int groupSize) {
        List<ScoredRow> rows = state.probe()
                .map(Probe::rows)
                .orElseGet(() ->
                        samples.subList(0, Math.min(samples.size(), Math.max(1, PROBE_ROWS / groupSize) * groupSize)));
        Scores now = judge.ranks().score(judge.model(), rows, groupSize);
        if (state.probe().isEmpty()) {
            state = new BaselineState(Optional.empty(), Optional.of(Probe.of(rows, groupSize, now)));
        }
        Probe then = state.probe().get();
        return shift(
                new ScoreShift.Scored(then.rewards(), then.values()),
                new ScoreShift.Scored(now.rewards(), now.values()),
                then.groupSize());
    }

    private static Map<String, Double> shift(ScoreShift.Scored then, ScoreShift.Scored now, int groupSize) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        ScoreShift shift = ScoreShift.of(then, now, groupSize);
        metrics.put("save/probe/std_ratio", shift.stdRatio());
        metrics.put("save/probe/level_shift", shift.levelShift());
        metrics.put("save/probe/kendall_tau", shift.kendallTau());
        metrics.put("save/probe/anchor_drift", shift.anchorDrift());
        return metrics;
    }

    private static Map<String, Double> anchoring(AnchoredPairs then, AnchoredPairs now) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("eval_rm/anchored_frac", now.anchoredFraction());
        metrics.put("eval_rm/label_accuracy", now.labelAccuracy());
        metrics.put("eval_rm/straddling_frac", now.straddlingFraction());
        metrics.put("eval_rm/accuracy_straddling", now.straddlingAccuracy());
        metrics.put("eval_rm/accuracy_one_sided", now.oneSidedAccuracy());
        metrics.put("eval_rm/accuracy_contradicted", now.accuracyWhereWrong(then));
        metrics.put("eval_rm/advantage_label_corr", now.labelCorrelation());
        metrics.putAll(FeedbackStatistics.deciles(
                "eval_rm/label_accuracy_decile_", AdvantageDeciles.accuracy(now.advantages(), now.labels())));
        return metrics;
    }

    private static AnchoredPairs anchored(double[] rewards, double[] values) {
        double[] chosen = new double[values.length];
        double[] rejected = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            chosen[i] = rewards[2 * i] - values[i];
            rejected[i] = rewards[2 * i + 1] - values[i];
        }
        return new AnchoredPairs(chosen, rejected);
    }
}
