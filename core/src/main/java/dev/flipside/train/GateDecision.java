package dev.flipside.train;

/**
 * What the {@link UpdateGate} says of an update.
 *
 * @param pInitial of being no worse than the round's initial model
 * @param pBest of being no worse than the best so far
 * @param pairs that were compared
 * @param rollbacks in the whole round
 */
record GateDecision(double pInitial, double pBest, int pairs, int rollbacks) {}
