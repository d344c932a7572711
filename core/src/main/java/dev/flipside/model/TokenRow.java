package dev.flipside.model;

/**
 * A prompt and a completion whose token log-probabilities are wanted.
 *
 * @param ids prompt and completion
 * @param promptLength at least 1, because the first token of a text has no prediction; the completion is
 *     {@code ids[promptLength..]} and may be empty
 */
public record TokenRow(int[] ids, int promptLength) {
    public TokenRow {
        if (promptLength < 1 || promptLength > ids.length) {
            throw new IllegalArgumentException("a prompt of " + promptLength + " in " + ids.length + " tokens");
        }
    }

    /** Tokens of the completion. */
    public int completionLength() {
        return ids.length - promptLength;
    }
}
