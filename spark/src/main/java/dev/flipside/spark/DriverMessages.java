package dev.flipside.spark;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.Success$;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.slf4j.LoggerFactory;

/**
 * What the driver's console shows of a cluster: one line for a task that was lost with its executor, instead of Spark's
 * own pages. An exception is told in the end.
 */
final class DriverMessages extends SparkListener {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(DriverMessages.class);

    /** Silences Spark where Flipside has begun it with its own logging, unless {@code --debug} was given. */
    static void quieten() {
        if (LoggerFactory.getLogger("dev.flipside") instanceof Logger own && own.getEffectiveLevel() != Level.DEBUG) {
            for (String name : new String[] {"org.apache.spark", "org.apache.hadoop"}) {
                ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.OFF);
            }
        }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
        if (end.reason() != Success$.MODULE$
                && !(end.reason() instanceof ExceptionFailure)
                && end.reason() instanceof TaskFailedReason failed
                && failed.countTowardsTaskFailures()) {
            LOG.warn(
                    "attempt {} of a task was lost on executor {}: {}",
                    end.taskInfo().attemptNumber() + 1,
                    end.taskInfo().executorId(),
                    failed.toErrorString().lines().findFirst().orElse(""));
        }
    }
}
