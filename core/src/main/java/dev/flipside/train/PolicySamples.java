package dev.flipside.train;

/**
 * The samples that the policy is updated on, as the reward model's update leaves them (option {@code save.candidates},
 * docs/method.md).
 */
sealed interface PolicySamples {
    Samples samples();

    /** Nobody has graded them: they are new, or the model that grades them is not the one that learnt. */
    record Ungraded(Samples samples) implements PolicySamples {}

    /** The improved model has graded them, whether they taught it or are new. */
    record Scored(Samples samples, Grades grades) implements PolicySamples {}
}
