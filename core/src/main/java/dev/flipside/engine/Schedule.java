package dev.flipside.engine;

import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.OptimiserConfig.Scheduler;

/**
 * The factor on the learning rate at each optimiser step, with transformers' meaning: step 0 is the first update,
 * warm-up rises linearly from 0.
 *
 * @param type the shape after the warm-up
 * @param warmupSteps optimiser steps of linear warm-up
 * @param totalSteps optimiser steps of the whole training, where the decay ends
 * @param minimumRate the factor at the end of a decay, 0 to 1 (transformers' {@code min_lr_rate})
 */
public record Schedule(Scheduler type, int warmupSteps, int totalSteps, double minimumRate) {
    public static Schedule of(OptimiserConfig config, int totalSteps) {
        return new Schedule(config.lrSchedulerType(), config.warmupSteps(), totalSteps, config.minLrRate());
    }

    /** The factor for optimiser step {@code step}, counted from 0. */
    public double factor(long step) {
        if (step < warmupSteps) {
            return step / (double) warmupSteps;
        }
        double progress = Math.min(1.0, (step - warmupSteps) / (double) Math.max(1, totalSteps - warmupSteps));
        double decayed =
                switch (type) {
                    case CONSTANT -> 1.0;
                    case LINEAR -> 1.0 - progress;
                    case COSINE -> 0.5 * (1.0 + Math.cos(Math.PI * progress));
                };
        return minimumRate + (1.0 - minimumRate) * decayed;
    }
}
