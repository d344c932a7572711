package dev.flipside.compare;

import dev.flipside.train.TrainListener;
import java.util.function.BooleanSupplier;

/** One part of a comparison: made once, and kept when it is there. */
public interface ComparisonWork {
    /** For people, such as {@code seed 3, save}. */
    String what();

    /** About how much it is; a unit is about 10 milliseconds of one core in a world. */
    long units();

    /**
     * Whether it is done.
     *
     * @throws dev.flipside.config.UserError when it has been done or begun with other options
     */
    boolean finished();

    /**
     * Does it, or goes on with it.
     *
     * @param listener told how far it is
     * @param stop asked now and then
     * @return false when it was stopped before its end
     */
    boolean run(TrainListener listener, BooleanSupplier stop);
}
