package dev.flipside.train;

import java.util.Optional;
import java.util.OptionalDouble;

/** What a step taught the reward model, and the samples that the policy is updated on then. */
sealed interface Lesson {
    PolicySamples candidates();

    /** Nothing: the reward model is frozen, or it was not its turn. */
    record None(PolicySamples candidates) implements Lesson {}

    /**
     * An update.
     *
     * @param samples that taught
     * @param update what it saw and did
     * @param change what it changed on those samples, after the gate
     * @param decision of the gate, where there is one
     * @param scaleRatio what the initial model's rewards were multiplied with, where it is rescaled (control
     *     {@code save.scored_by: initial_rescaled})
     */
    record Taught(
            Samples samples,
            RewardModelStep update,
            RewardModelChange change,
            Optional<GateDecision> decision,
            OptionalDouble scaleRatio,
            PolicySamples candidates)
            implements Lesson {}
}
