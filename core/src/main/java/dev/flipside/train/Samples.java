package dev.flipside.train;

import java.util.Optional;

/**
 * Sampled groups as whatever grades them reads them. Rendering for the reward model and asking for the true rewards
 * happens once, when they are sampled.
 *
 * @param batch prompts and completions
 * @param reading the completions as the reward model reads them, group after group; nothing where there is no reward
 *     model
 * @param gold the true rewards, group after group, where a function that knows them was named
 */
record Samples(RolloutBatch batch, Reading reading, Optional<double[]> gold) {
    /** These groups with some of them replaced by others, in their places. */
    Samples with(Replacement replacement, Samples others) {
        int groupSize = batch.groupSize();
        return new Samples(
                replacement.in(batch, others.batch),
                new Reading(
                        replacement.in(reading.rows(), others.reading.rows(), groupSize),
                        reading.rendered() + others.reading.rendered(),
                        reading.truncated() + others.reading.truncated(),
                        reading.merged() + others.reading.merged()),
                gold.map(own -> replacement.in(own, others.gold.orElseThrow(), groupSize)));
    }
}
