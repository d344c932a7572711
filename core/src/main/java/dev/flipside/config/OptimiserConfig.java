package dev.flipside.config;

/** An optimiser and its schedule, under TRL's names; used by sections {@code policy} and {@code training}. */
public record OptimiserConfig(
        @Doc("Peak learning rate.") double learningRate,
        @Doc("AdamW's decoupled weight decay.") double weightDecay,
        @Doc("AdamW's first-moment decay.") double adamBeta1,
        @Doc("AdamW's second-moment decay.") double adamBeta2,
        @Doc("AdamW's epsilon.") double adamEpsilon,
        @Doc("constant, linear or cosine, after the warm-up.") Scheduler lrSchedulerType,
        @Doc("Optimiser steps of linear warm-up.") int warmupSteps,
        @Doc("Share of the peak rate at the end of a decay (min_lr_rate of transformers).") double minLrRate,
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
}
