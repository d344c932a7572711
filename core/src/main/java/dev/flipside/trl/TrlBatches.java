package dev.flipside.trl;

/**
 * How a policy trainer of TRL cuts its work, on one process.
 *
 * @param perDevice completions of a micro-batch
 * @param accumulation micro-batches of an optimiser step
 * @param perGeneration micro-batches of a generation
 * @param iterations passes over a generation
 */
record TrlBatches(int perDevice, int accumulation, int perGeneration, int iterations) {
    static TrlBatches of(TrlFile file) {
        int perDevice = file.count("per_device_train_batch_size", 8);
        int accumulation = file.count("gradient_accumulation_steps", 1);
        int perGeneration = file.has("generation_batch_size")
                ? Math.max(1, file.count("generation_batch_size", 1) / perDevice)
                : file.count("steps_per_generation", accumulation);
        return new TrlBatches(perDevice, accumulation, perGeneration, file.count("num_iterations", 1));
    }

    /** Completions that are sampled at a time. */
    int generation() {
        return perDevice * perGeneration;
    }

    /** Whether a pass over a generation is a whole number of optimiser steps. */
    boolean isWhole() {
        return perGeneration % accumulation == 0;
    }

    /** Optimiser steps of a pass over a generation. */
    int stepsOfAPass() {
        return Math.max(1, perGeneration / accumulation);
    }

    /** Optimiser steps that are taken on one generation: what TRL counts as steps while the loop counts one. */
    int updates() {
        return stepsOfAPass() * iterations;
    }
}
