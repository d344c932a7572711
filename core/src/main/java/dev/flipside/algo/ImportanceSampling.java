package dev.flipside.algo;

/** TRL's {@code importance_sampling_level}: what the ratio of the policy to the one that sampled is taken over. */
public enum ImportanceSampling {
    /** One ratio per token (GRPO). */
    TOKEN,
    /** One per completion, {@code exp(mean of the log-ratios)} (GSPO, arXiv 2507.18071). */
    SEQUENCE,
    /**
     * One per completion, {@code exp(sum of the log-ratios)}: that of the whole completion, not normalised by length
     * (RLOO as in TRL).
     */
    SEQUENCE_SUM
}
