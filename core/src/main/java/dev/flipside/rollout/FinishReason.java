package dev.flipside.rollout;

/** Why a completion ended. */
public enum FinishReason {
    /** An end token was sampled or a stop string was written. */
    STOP,
    /**
     * The longest completion, or the model's context, was reached, or whoever asked wanted no more: the completion is
     * truncated.
     */
    LENGTH
}
