package dev.flipside.train;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The small numbers of a checkpoint.
 *
 * @param optimiserSteps by group name
 * @param gate empty without a gate
 * @param firstAccuracy of the round on held-out pairs, empty when there are none
 * @param firstEvaluation of the run
 */
record CheckpointState(
        RoundStart start,
        Map<String, Long> optimiserSteps,
        Optional<GateState> gate,
        OptionalDouble firstAccuracy,
        BaselineState firstEvaluation,
        double tokensSeen) {}
