package dev.flipside.model;

import java.util.OptionalInt;

/**
 * Where a reward is read.
 *
 * <p>The last token, by length. A directory with a {@code pad_token_id} follows transformers' rule for sequence
 * classification, "the right-most token that is not pad", so that both give the same score; the two agree whenever the
 * padding token never ends a rendering, which {@link PadToken} sees to for models that are saved here.
 */
final class ScoredPosition {
    private ScoredPosition() {}

    /** The index into {@code ids}, which carries no padding. */
    static int of(int[] ids, OptionalInt padId) {
        int last = ids.length - 1;
        if (padId.isPresent()) {
            while (last > 0 && ids[last] == padId.getAsInt()) {
                last--;
            }
        }
        return last;
    }
}
