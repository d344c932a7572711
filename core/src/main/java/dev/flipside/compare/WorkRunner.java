package dev.flipside.compare;

import dev.flipside.train.TrainListener;
import java.util.function.BooleanSupplier;

/** Where the parts of a comparison are done: in this process, or by others that see the same folder. */
public interface WorkRunner {
    /** In this process, on the calling thread. */
    WorkRunner HERE = (seed, work, listener, stop) -> work.run(listener, stop);

    /**
     * Does a part, or goes on with it; returns when it is in the folder.
     *
     * @param seed whose part it is
     * @return false when it was stopped before its end
     */
    boolean run(long seed, ComparisonWork work, TrainListener listener, BooleanSupplier stop);

    /**
     * Parts that are done at once.
     *
     * @param plan says how many, or leaves it open
     */
    default int workers(ComparisonPlan plan) {
        return plan.workers();
    }
}
