package dev.flipside.config;

/** What a reward is compared with before it counts as good or bad. */
public record AnchorConfig(
        @Doc(
                        "What a reward is compared with. `value`: the value v of the prompt. `leave_one_out`: the mean of the group's other rewards. `mixture`: v and the group's mean. `frozen`: v of the initial reward model. `shuffled`: v of another prompt, a control.")
                Anchor anchor,
        @Doc("Share of v in anchor `mixture`; the rest is the group's mean.") double anchorMix,
        @Doc(
                        "Keep v as the anchor even when the warmed-up head is worse than the global mean. Without it the anchor falls back to `leave_one_out` then.")
                boolean forceAnchor) {

    /** {@code save.anchor}. */
    public enum Anchor {
        VALUE,
        LEAVE_ONE_OUT,
        MIXTURE,
        FROZEN,
        SHUFFLED
    }

    public static AnchorConfig defaults() {
        return new AnchorConfig(Anchor.VALUE, 0.7, false);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        new Ranges(section).within("anchor_mix", anchorMix, 0, 1);
    }
}
