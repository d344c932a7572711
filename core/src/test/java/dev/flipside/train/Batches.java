package dev.flipside.train;

import java.util.stream.IntStream;

/** Rearranged batches. */
final class Batches {
    private Batches() {}

    /** The groups at some places, in that order. */
    static RolloutBatch select(RolloutBatch batch, int... places) {
        return new RolloutBatch(
                IntStream.of(places).mapToObj(batch.prompts()::get).toList(),
                IntStream.of(places).mapToObj(batch.groups()::get).toList(),
                IntStream.of(places).mapToObj(batch.texts()::get).toList());
    }
}
