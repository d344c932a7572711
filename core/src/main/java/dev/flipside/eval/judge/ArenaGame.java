package dev.flipside.eval.judge;

import java.util.Optional;

/**
 * One game of {@link ArenaHard}.
 *
 * @param label the judge's verdict, such as {@code A>B}; empty when there was none
 * @param judgment all that the judge wrote
 */
public record ArenaGame(Optional<String> label, String judgment) {}
