package dev.flipside.algo;

/** TRL's {@code loss_type}: how the loss of the tokens is averaged. {@link LossAggregation} holds the divisors. */
public enum LossType {
    /**
     * Mean over completions of the mean over tokens. With one ratio per completion (GSPO, RLOO) all tokens of a
     * completion have the same loss and this is the plain mean over completions, which both methods are defined with.
     */
    GRPO,
    /** Sum over tokens divided by the tokens of the optimiser batch. */
    BNPO,
    /**
     * Sum over tokens divided by an optimiser batch's share of the tokens of the whole generation batch (arXiv
     * 2503.14476).
     */
    DAPO,
    /** Sum over tokens divided by completions times the configured maximal completion length (arXiv 2503.20783). */
    DR_GRPO
}
