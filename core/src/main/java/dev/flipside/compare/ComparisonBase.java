package dev.flipside.compare;

import dev.flipside.config.TrainConfig;
import java.nio.file.Path;
import java.util.List;

/** What the arms of a comparison have in common. */
public sealed interface ComparisonBase permits WorldBase, FileBase {
    /** For people, such as {@code world W}. */
    String title();

    /** Files whose content belongs to the question. */
    List<Path> files();

    /** Runs side by side when the configuration does not say. */
    int defaultWorkers();

    /** Threads on which a run computes when there are so many workers. */
    int threads(int workers);

    /** Whether the names of {@link dev.flipside.world.Arm} mean these arms. */
    boolean builtInArms();

    /**
     * Whether the initial reward model is trained for each seed and measured on pairs with true labels, so that one can
     * say beforehand whether there is anything to amplify.
     */
    boolean knowsStart();

    /** Writes what a seed's runs read; the same seed writes the same bytes. */
    void write(Path comparison, long seed);

    /** What a seed's arms share, in the order in which it is made. */
    List<ComparisonWork> shared(Path comparison, long seed);

    /** An arm's run; {@link #write} must have been called. */
    TrainConfig training(Path comparison, long seed, ArmSetting arm, boolean resume);
}
