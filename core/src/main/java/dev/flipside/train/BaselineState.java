package dev.flipside.train;

import java.util.Optional;

/**
 * What a checkpoint keeps of the {@link EvaluationBaseline}.
 *
 * @param pairs of the first evaluation on held-out pairs
 * @param probe of the first evaluation on prompts, where there are no pairs
 */
record BaselineState(Optional<EvaluationBaseline.Pairs> pairs, Optional<EvaluationBaseline.Probe> probe) {}
