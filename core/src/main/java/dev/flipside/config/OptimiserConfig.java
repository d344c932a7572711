package dev.flipside.config;

/** An optimiser and its schedule, under TRL's names; used by sections {@code policy} and {@code training}. */
public record OptimiserConfig(
        @Doc("Peak learning rate.") double learningRate,
        @Doc("AdamW's decoupled weight decay.") double weightDecay,
        @Doc("AdamW's first-moment decay.") double adamBeta1,
        @Doc("AdamW's second-moment decay.") double adamBeta2,
        @Doc("AdamW's epsilon.") double adamEpsilon,
        @Doc("What the learning rate does after the warm-up.") Scheduler lrSchedulerType,
        @Doc("Optimiser steps of linear warm-up.") int warmupSteps,
        @Doc("Share of the peak rate at the end of a decay (`min_lr_rate` of transformers).") double minLrRate,
        @Doc("Gradients are scaled down to this 2-norm; 0 switches clipping off.") double maxGradNorm) {

    /** {@code lr_scheduler_type}. */
    public enum Scheduler {
        CONSTANT,
        LINEAR,
        COSINE
    }

    /** Transformers' AdamW constants with a linear schedule and clipping at 1. */
    public static OptimiserConfig withLearningRate(double learningRate) {
        return new OptimiserConfig(learningRate, 0, 0.9, 0.999, 1e-8, Scheduler.LINEAR, 0, 0, 1.0);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.within("learning_rate", learningRate, 0, 1e3);
        in.within("weight_decay", weightDecay, 0, 1e3);
        in.within("adam_beta1", adamBeta1, 0, 1);
        in.within("adam_beta2", adamBeta2, 0, 1);
        in.positive("adam_epsilon", adamEpsilon);
        in.atLeast("warmup_steps", warmupSteps, 0);
        in.within("min_lr_rate", minLrRate, 0, 1);
        in.within("max_grad_norm", maxGradNorm, 0, 1e9);
    }
}
