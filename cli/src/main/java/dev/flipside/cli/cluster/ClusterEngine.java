package dev.flipside.cli.cluster;

import dev.flipside.cli.console.Console;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.WorkRunner;
import dev.flipside.config.UserError;
import java.util.List;
import java.util.ServiceLoader;

/** What a cluster does for commands; the one that is on the class path, if any, is found by its service file. */
public interface ClusterEngine {
    /**
     * Runs a command over rows, a partition of them at a time.
     *
     * @param command its name
     * @param files what is read and written
     * @param words the other options as typed: an executor makes the command of them again
     */
    void rows(Console console, ClusterSettings settings, String command, ClusterFiles files, List<String> words);

    /** Where the parts of a comparison are done. Closed at the end. */
    ClusterComparison comparison(ClusterSettings settings, ComparisonPlan plan);

    /** Parts of a comparison on a cluster. */
    interface ClusterComparison extends AutoCloseable {
        WorkRunner runner();

        @Override
        void close();
    }

    /**
     * The engine on the class path.
     *
     * @throws UserError when there is none
     */
    static ClusterEngine find() {
        return ServiceLoader.load(ClusterEngine.class)
                .findFirst()
                .orElseThrow(
                        () -> new UserError(
                                "--master: Spark is not on the class path; start with the launcher ./flipside, which puts it there, or with spark-submit and the assembled jar."));
    }
}
