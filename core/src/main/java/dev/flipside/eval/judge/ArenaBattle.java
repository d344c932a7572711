package dev.flipside.eval.judge;

/**
 * One counted result of {@link ArenaHard}.
 *
 * @param score of the model: 1, 0.5 or 0
 */
public record ArenaBattle(String uid, String model, double score) {}
