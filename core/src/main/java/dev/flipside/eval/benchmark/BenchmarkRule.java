package dev.flipside.eval.benchmark;

import dev.flipside.data.Row;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A benchmark's file format and its published scoring.
 *
 * <p>Rewards become {@link Unit}s, units become {@link Means}, and figures are functions of the means alone, so that
 * one definition gives the score, its bootstrap interval and its baselines.
 */
sealed interface BenchmarkRule
        permits JudgeBench,
                LlmBar,
                Pairs,
                PandaLm,
                PpeCorrectness,
                PpePreference,
                RewardBench,
                RewardBench2,
                Rmb,
                RmBench {

    /** The columns of a row, as an error names them. */
    String shape();

    /** What equal rewards count, in one sentence. */
    String tieRule();

    /**
     * One row.
     *
     * @throws dev.flipside.config.UserError when it is not of this benchmark
     */
    BenchmarkItem item(Path file, Row row);

    /** Which of a folder's data files belong to the benchmark. */
    default List<Path> files(List<Path> found) {
        return found;
    }

    /** Whether an item counts: every scored one, as the benchmark's authors have it. */
    default boolean counts(ScoredItem item) {
        return item.isScored();
    }

    /** What scored items contribute: by default each its {@link #credit} to its subset. */
    default List<Unit> units(List<ScoredItem> items) {
        return items.stream()
                .map(item -> Unit.of(item, item.subset(), credit(item)))
                .toList();
    }

    /** The figures, the benchmark's own headline first; the same list whenever the groups are the same. */
    List<Metric> metrics(Means means);

    /** Parts of the benchmark that the items lack, so that the headline is the mean of the others. */
    default List<String> missing(Set<String> groups) {
        return List.of();
    }

    /** How right the model is on one item, from 0 to 1: what two models are compared by, item by item. */
    default double credit(ScoredItem item) {
        return item.accuracy();
    }
}
