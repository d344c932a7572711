package dev.flipside.train;

import java.util.Map;

/** What a training tells whoever started it: a console, a test or nobody. Called on the training's own thread. */
public interface TrainListener {
    /** Says nothing to nobody. */
    TrainListener SILENT = new TrainListener() {};

    /**
     * A phase of known length begins, such as "value warm-up" or "training".
     *
     * @param units how many units of work {@link #progress} will count up to
     */
    default void phase(String name, long units) {}

    /** {@code done} units of the phase are done. */
    default void progress(long done) {}

    /**
     * A part of the current step begins: {@code generate}, {@code rm_update}, {@code score}, {@code policy_update},
     * {@code checkpoint}, ...
     */
    default void activity(String name, long step) {}

    /** A step is finished. */
    default void step(long step, Map<String, Double> metrics) {}

    /** Something worth a line. */
    default void message(String line) {}

    /** Something the user should look at. */
    default void warning(String line) {}
}
