package dev.flipside.config;

/** How the reward model takes a step, and what the policy is updated on after it. */
public record UpdateConfig(
        @Doc("Learning rate of the reward model's backbone and reward head.") double learningRate,
        @Doc(
                        "Learning rate of the value head. It must be much higher than `learning_rate`, or the head stands still while the level drifts.")
                double valueLearningRate,
        @Doc("The reward model's gradients are scaled down to this 2-norm; 0 switches clipping off.")
                double maxGradNorm,
        @Doc("Optimiser steps of one reward-model update.") int rmMiniBatches,
        @Doc(
                        "When labels are made. `step`: once, from the snapshot at the start of the step. `mini_batch`: again before each mini-batch, by the model as it is.")
                Relabel relabel,
        @Doc("Steps of the loop between reward-model updates.") int updateEvery,
        @Doc(
                        "What the policy is updated on. `fresh`: new samples of the same prompts. `rescore`: the samples that taught, scored again; [half the sampling](performance.md#a-save-step).")
                Candidates candidates) {

    /** {@code save.relabel}. */
    public enum Relabel {
        STEP,
        MINI_BATCH
    }

    /** {@code save.candidates}. */
    public enum Candidates {
        FRESH,
        RESCORE
    }

    public static UpdateConfig defaults() {
        return new UpdateConfig(1e-6, 1e-3, 1.0, 2, Relabel.STEP, 1, Candidates.FRESH);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("learning_rate", learningRate, 0, 1e3);
        in.within("value_learning_rate", valueLearningRate, 0, 1e3);
        in.within("max_grad_norm", maxGradNorm, 0, 1e9);
        in.atLeast("rm_mini_batches", rmMiniBatches, 1);
        in.atLeast("update_every", updateEvery, 1);
    }
}
