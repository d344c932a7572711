package dev.flipside.model;

/**
 * A rendered conversation to score.
 *
 * @param ids the prompt's rendering and what follows it
 * @param promptLength the value is read at token {@code promptLength - 1}; 0 when it is not known where the prompt ends, and the value is then NaN
 */
public record ScoredRow(int[] ids, int promptLength) {
    public ScoredRow {
        if (ids.length == 0 || promptLength < 0 || promptLength > ids.length) {
            throw new IllegalArgumentException("a prompt of " + promptLength + " in " + ids.length + " tokens");
        }
    }
}
