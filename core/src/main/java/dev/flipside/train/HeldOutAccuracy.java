package dev.flipside.train;

import dev.flipside.model.RewardModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** A reward model on held-out pairs, and how far its accuracy is from what it was at first. */
final class HeldOutAccuracy {
    private final HeldOutPairs pairs;
    private OptionalDouble first = OptionalDouble.empty();

    HeldOutAccuracy(HeldOutPairs pairs) {
        this.pairs = pairs;
    }

    /** What {@code accuracy_delta_base} is taken from; empty before the first evaluation. */
    OptionalDouble first() {
        return first;
    }

    void restore(double accuracy) {
        first = OptionalDouble.of(accuracy);
    }

    HeldOutPairs.Scored score(RewardModel model) {
        return pairs.score(model);
    }

    /** The figures of an evaluation; those of the first are the base of all later ones. */
    Map<String, Double> figures(HeldOutPairs.Scored scored) {
        Map<String, Double> metrics = new LinkedHashMap<>(scored.figures());
        double accuracy = scored.accuracy();
        if (first.isEmpty()) {
            first = OptionalDouble.of(accuracy);
        }
        metrics.put("eval_rm/accuracy_delta_base", accuracy - first.getAsDouble());
        return metrics;
    }
}
