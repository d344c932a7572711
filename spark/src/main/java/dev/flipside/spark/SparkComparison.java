package dev.flipside.spark;

import dev.flipside.cli.cluster.ClusterEngine.ClusterComparison;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonWork;
import dev.flipside.compare.WorkRunner;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.train.TrainListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.spark.api.java.JavaFutureAction;

/**
 * The parts of a comparison as jobs of one task each. The driver keeps their order; Spark places them, and does one
 * again that was lost with its executor: it goes on with what is in the folder.
 */
final class SparkComparison implements ClusterComparison, WorkRunner {
    private static final long POLL_MILLISECONDS = 200;

    private final SparkSessions.Open session;
    private final Path folder;

    /** @param plan whose folder all machines see */
    SparkComparison(SparkSessions.Open session, ComparisonPlan plan) {
        this.session = session;
        this.folder = plan.folder();
        unmark();
    }

    @Override
    public WorkRunner runner() {
        return this;
    }

    /** As many as the configuration says, else as the cluster has slots. */
    @Override
    public int workers(ComparisonPlan plan) {
        int cpus = session.context().getConf().getInt("spark.task.cpus", 1);
        int wanted = plan.config().comparison().workers();
        return wanted > 0 ? wanted : Math.max(1, session.context().defaultParallelism() / Math.max(1, cpus));
    }

    @Override
    public boolean run(long seed, ComparisonWork work, TrainListener listener, BooleanSupplier stop) {
        listener.phase(work.what(), 1);
        JavaFutureAction<List<Boolean>> job = session.context()
                .parallelize(List.of(0), 1)
                .map(new ComparisonTask(folder, seed, work.what()))
                .collectAsync();
        boolean done = await(job, stop);
        if (done && !work.finished()) {
            throw new UserError(work.what() + ": an executor has done it, but it is not in " + folder
                    + " here; put comparison.output_dir where all machines see it.");
        }
        listener.progress(done ? 1 : 0);
        return done;
    }

    private boolean await(JavaFutureAction<List<Boolean>> job, BooleanSupplier stop) {
        while (true) {
            try {
                return job.get(POLL_MILLISECONDS, TimeUnit.MILLISECONDS).get(0);
            } catch (TimeoutException e) {
                // Still at work. It sees the mark after its step.
                if (stop.getAsBoolean()) {
                    mark();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the comparison was ended", e);
            } catch (ExecutionException e) {
                throw SparkFailures.translated(new IllegalStateException(e));
            }
        }
    }

    private void mark() {
        try {
            if (!Files.exists(ComparisonTask.stopMark(folder))) {
                Files.createFile(ComparisonTask.stopMark(folder));
            }
        } catch (IOException e) {
            throw new UserError(
                    folder + " cannot be written (" + IoReason.of(e) + "), so the runs cannot be told to stop.", e);
        }
    }

    private void unmark() {
        try {
            Files.deleteIfExists(ComparisonTask.stopMark(folder));
        } catch (IOException e) {
            throw new UserError(folder + " cannot be written: " + IoReason.of(e) + ".", e);
        }
    }

    @Override
    public void close() {
        session.close();
        unmark();
    }
}
