package dev.flipside.train;

/**
 * What a checkpoint keeps of the {@link UpdateGate}.
 *
 * @param initial which pairs the initial model of the round orders right
 * @param best the same for the best model so far
 * @param rollbacks in the whole round
 * @param inARow without an accepted update between them
 * @param frozen whether patience ran out
 */
record GateState(boolean[] initial, boolean[] best, int rollbacks, int inARow, boolean frozen) {}
