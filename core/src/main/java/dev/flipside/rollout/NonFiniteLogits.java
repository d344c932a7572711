package dev.flipside.rollout;

import dev.flipside.config.UserError;

/** A model computed what is no number, so that nothing can be sampled from it. */
public final class NonFiniteLogits extends UserError {
    private static final long serialVersionUID = 1L;

    private final int place;

    /**
     * Says what it was computed for.
     *
     * @param kind of the place: a row of a batch, or a prompt
     * @param place counted from 0
     */
    NonFiniteLogits(String kind, int place) {
        super(
                "The model's logits are not finite while it generates (" + kind + " " + (place + 1)
                        + "): its weights have diverged or are damaged; start from an earlier checkpoint with a lower learning rate, or from another model.");
        this.place = place;
    }

    /** The place among the prompts that were given to {@link Generator}, from 0. */
    public int place() {
        return place;
    }
}
