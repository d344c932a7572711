package dev.flipside.train;

/**
 * The samples that the policy is updated on, as the reward model's update leaves them (option {@code save.candidates},
 * docs/method.md).
 */
sealed interface PolicySamples {
    Samples samples();

    /** Nobody has graded them: they are new, or the model that grades them is not the one that learnt. */
    record Ungraded(Samples samples) implements PolicySamples {}

    /** They taught, and the improved model has graded them since. */
    record Rescored(Samples samples, Grades grades) implements PolicySamples {}
}
