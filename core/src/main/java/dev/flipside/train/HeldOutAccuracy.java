package dev.flipside.train;

import dev.flipside.model.RewardModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** A reward model on held-out pairs, and how far its accuracy is from what it was at first. */
final class HeldOutAccuracy {
    private final HeldOutPairs pairs;
    private OptionalDouble base = OptionalDouble.empty();

    HeldOutAccuracy(HeldOutPairs pairs) {
        this.pairs = pairs;
    }

    /** What {@code accuracy_delta_base} is taken from; empty before the first evaluation. */
    OptionalDouble base() {
        return base;
    }

    void restore(double accuracy) {
        base = OptionalDouble.of(accuracy);
    }

    HeldOutScores score(RewardModel model) {
        return pairs.score(model);
    }

    /** The figures of an evaluation; those of the first are the base of all later ones. */
    Map<String, Double> figures(HeldOutScores scored) {
        Map<String, Double> metrics = new LinkedHashMap<>(scored.figures());
        double accuracy = scored.accuracy();
        if (base.isEmpty()) {
            base = OptionalDouble.of(accuracy);
        }
        metrics.put("eval_rm/accuracy_delta_base", accuracy - base.getAsDouble());
        return metrics;
    }
}
