package dev.flipside.train;

import dev.flipside.algo.Groups;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Samples with their rewards.
 *
 * @param total what the policy is updated with, {@code [prompt][sample]}; NaN where nothing could grade
 * @param columns every source's own rewards, group after group, by name
 * @param grades what the reward model said, where there is one
 */
record Graded(Samples samples, double[][] total, Map<String, double[]> columns, Optional<Grades> grades) {
    RolloutBatch batch() {
        return samples.batch();
    }

    /**
     * The places of groups whose rewards are all equal, those aside that nothing could judge: every advantage in them
     * is 0.
     */
    int[] withoutSignal() {
        return IntStream.range(0, total.length)
                .filter(p -> Groups.allEqual(Groups.scorable(total[p])))
                .toArray();
    }

    /** These groups with some of them replaced by others, in their places. */
    Graded with(Replacement replacement, Graded others) {
        Map<String, double[]> replaced = new LinkedHashMap<>();
        columns.forEach((name, column) ->
                replaced.put(name, replacement.in(column, others.columns.get(name), batch().groupSize())));
        return new Graded(
                samples.with(replacement, others.samples),
                replacement.in(total, others.total),
                replaced,
                grades.map(own -> own.with(replacement, others.grades.orElseThrow())));
    }
}
