package dev.flipside.train;

import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;

/** How far weights have moved. */
final class WeightChange {
    private WeightChange() {}

    /** {@code |now - before| / |before|} in the 2-norm over all weights. */
    static double relative(Parameters now, Parameters before) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            double distance = now.flat().sub(before.flat()).norm().item_double();
            return distance / before.flat().norm().item_double();
        }
    }
}
