package dev.flipside.train;

import dev.flipside.eval.Diversity;
import dev.flipside.rollout.Completion;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** TRL's length metrics of a batch, and how different its completions are. */
final class CompletionStatistics {
    private CompletionStatistics() {}

    /**
     * The figures of a batch.
     *
     * @param prefix "" in training, {@code eval_} in evaluations
     */
    static Map<String, Double> of(RolloutBatch batch, String prefix) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        int[] lengths = batch.lengths();
        boolean[] finished = new boolean[lengths.length];
        for (int i = 0; i < finished.length; i++) {
            finished[i] = batch.completions().get(i).finished();
        }
        int[] terminated = IntStream.range(0, lengths.length)
                .filter(i -> finished[i])
                .map(i -> lengths[i])
                .toArray();
        lengths(lengths, prefix + "completions/", "length", metrics);
        lengths(terminated, prefix + "completions/", "terminated_length", metrics);
        List<int[]> ids = batch.completions().stream().map(Completion::ids).toList();
        metrics.put(prefix + "policy/distinct_1", Diversity.distinct(ids, 1));
        metrics.put(prefix + "policy/distinct_2", Diversity.distinct(ids, 2));
        metrics.put(prefix + "policy/unique_frac", Diversity.uniqueFraction(ids, batch.groupSize()));
        metrics.put(prefix + "completions/clipped_ratio", 1 - terminated.length / (double) lengths.length);
        return metrics;
    }

    private static void lengths(int[] lengths, String prefix, String name, Map<String, Double> metrics) {
        metrics.put(prefix + "mean_" + name, Arrays.stream(lengths).average().orElse(0));
        metrics.put(
                prefix + "min_" + name, (double) Arrays.stream(lengths).min().orElse(0));
        metrics.put(
                prefix + "max_" + name, (double) Arrays.stream(lengths).max().orElse(0));
    }
}
