package dev.flipside.spark;

import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonWork;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.Hub;
import dev.flipside.hub.HubInputs;
import dev.flipside.hub.HubSettings;
import dev.flipside.hub.TransferListener;
import dev.flipside.train.TrainListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One part of a comparison as a task: the executor makes the plan of {@code comparison.yaml} in the folder and does the
 * part, or goes on with it where another attempt has left it.
 */
final class ComparisonTask implements Function<Integer, Boolean> {
    private static final long serialVersionUID = 1;

    private static final Logger LOG = LoggerFactory.getLogger(ComparisonTask.class);

    private final String folder;
    private final long seed;
    private final String what;

    /** @param folder of the comparison, absolute */
    ComparisonTask(Path folder, long seed, String what) {
        this.folder = folder.toString();
        this.seed = seed;
        this.what = what;
    }

    /** What the driver makes when the runs are to end after their steps. */
    static Path stopMark(Path folder) {
        return folder.resolve(".stop");
    }

    /** @return false when it was stopped before its end */
    @Override
    public Boolean call(Integer ignored) {
        Path directory = Path.of(folder);
        if (!ComparisonDirectory.holdsComparison(directory)) {
            throw new UserError("executor " + Executors.here() + ": there is no comparison.yaml in " + folder
                    + "; put comparison.output_dir where all machines see it.");
        }
        NativeSettings.apply();
        ComparisonPlan plan = ComparisonPlan.of(
                ConfigReader.comparison(
                        directory.resolve("comparison.yaml"),
                        List.of("comparison.output_dir='" + folder.replace("'", "''") + "'")),
                new HubInputs(() -> new Hub(HubSettings.of(System.getenv()), TransferListener.NONE)));
        ComparisonWork work = plan.work(seed, what);
        if (work.finished()) {
            return true;
        }
        NativeLibrary.useThreads(plan.base().threads(slots()));
        TaskContext task = TaskContext.get();
        LOG.info("{}, attempt {}", what, task.attemptNumber());
        Path mark = stopMark(directory);
        TrainListener listener = new TrainListener() {
            @Override
            public void warning(String line) {
                LOG.warn("{}: {}", what, line);
            }
        };
        return work.run(listener, () -> task.isInterrupted() || Files.exists(mark));
    }

    /** Tasks that this process does at once. */
    private static int slots() {
        SparkEnv env = SparkEnv.get();
        int cores = env.conf().getInt("spark.executor.cores", 1);
        return Math.max(1, cores / Math.max(1, env.conf().getInt("spark.task.cpus", 1)));
    }
}
