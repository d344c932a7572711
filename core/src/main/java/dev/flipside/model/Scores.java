package dev.flipside.model;

/**
 * What a reward model says of rows, in the caller's order.
 *
 * @param rewards of whole conversations
 * @param values of their prompts; NaN where a row does not say where its prompt ends
 */
public record Scores(double[] rewards, double[] values) {
    /** Room for the scores of some rows. */
    static Scores none(int rows) {
        return new Scores(new double[rows], new double[rows]);
    }
}
