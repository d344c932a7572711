package dev.flipside.run;

import java.nio.file.Path;
import java.util.SortedMap;

/**
 * A whole state of a run that was found intact.
 *
 * @param folder {@code checkpoints/step-N}
 * @param step the training steps that are finished in it
 * @param positions where the trainer was: round, optimiser steps, ... by name
 * @param logs the length in bytes of each append-only file at that moment, by its name relative to the run's folder
 * @param logHashes SHA-256 of those of which it is kept, by the same names; none in checkpoints that were written
 *     before it was
 */
public record Checkpoint(
        Path folder,
        long step,
        SortedMap<String, Long> positions,
        SortedMap<String, Long> logs,
        SortedMap<String, String> logHashes) {}
