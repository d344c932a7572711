package dev.flipside.config;

/** The loss that pushes positives above and negatives below the anchor. */
public record ContrastConfig(
        @Doc(
                        "`anchored`: pushes positives above and negatives below the anchor. `pairwise`: Bradley-Terry over every positive and negative of a prompt, a control.")
                RmLoss rmLoss,
        @Doc("Weight of the contrastive loss. 0 with `guard: replay` is the control that only replays.")
                double contrastWeight,
        @Doc(
                        "`per_sign`: the mean over positives plus the mean over negatives, of prompts that have both. `all_kept`: one mean over both together.")
                Balance balance,
        @Doc("`stop`: the anchor is the snapshot's, a constant. `flow`: the contrast moves v too.")
                AnchorGradient anchorGradient) {

    /** {@code save.rm_loss}. */
    public enum RmLoss {
        ANCHORED,
        PAIRWISE
    }

    /** {@code save.balance}. */
    public enum Balance {
        PER_SIGN,
        ALL_KEPT
    }

    /** {@code save.anchor_gradient}. */
    public enum AnchorGradient {
        STOP,
        FLOW
    }

    public static ContrastConfig defaults() {
        return new ContrastConfig(RmLoss.ANCHORED, 1.0, Balance.PER_SIGN, AnchorGradient.STOP);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        new Ranges(section).within("contrast_weight", contrastWeight, 0, 1e6);
    }
}
