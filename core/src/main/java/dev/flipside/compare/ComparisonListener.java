package dev.flipside.compare;

import dev.flipside.train.TrainListener;
import java.util.List;

/** What a comparison tells whoever started it. Several workers call it at once, each on its own thread. */
public interface ComparisonListener {
    /** Says nothing to nobody. */
    ComparisonListener SILENT = new ComparisonListener() {};

    /**
     * The first part is about to begin; not called when everything is finished already.
     *
     * @param title what is compared
     * @param unfinished parts that there are to do
     */
    default void begin(String title, List<ComparisonWork> unfinished) {}

    /** Who listens to a part of the comparison, which is about to begin. */
    default TrainListener of(ComparisonWork work) {
        return TrainListener.SILENT;
    }

    /** A part is finished. */
    default void done(ComparisonWork work) {}

    /** Something worth a line. */
    default void message(String line) {}

    /** Something the user should look at. */
    default void warning(String line) {}
}
