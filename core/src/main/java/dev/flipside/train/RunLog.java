package dev.flipside.train;

import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.AlarmWatch;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.RunDirectory;
import java.util.List;
import java.util.Map;

/**
 * Writes what steps found, and raises the alarms of it. Only logged lines count: metrics.jsonl alone then tells which
 * alarms fired.
 */
final class RunLog {
    private final RunDirectory directory;
    private final int loggingSteps;
    private final TrainListener listener;
    private final AlarmWatch watch = new AlarmWatch();
    private Map<String, Double> last = Map.of();

    /**
     * Reads what a resumed run has written up to its checkpoint, so that it raises the alarms of a run that nobody
     * disturbed.
     */
    RunLog(RunDirectory directory, int loggingSteps, TrainListener listener) {
        this.directory = directory;
        this.loggingSteps = loggingSteps;
        this.listener = listener;
        Alarms.read(directory.metricsFile()).forEach(watch::observe);
        directory.replaceAlarms(watch.fired());
    }

    /** @param always whatever {@code logging.logging_steps} says */
    void step(long step, Map<String, Double> metrics, boolean always) {
        last = metrics;
        if (always || step % loggingSteps == 0) {
            directory.metrics().log(step, metrics);
            raiseAlarms(step, metrics);
        }
        listener.step(step, metrics);
        listener.progress(step);
    }

    private void raiseAlarms(long step, Map<String, Double> metrics) {
        List<Alarm> now = watch.observe(new Measured(step, metrics));
        if (!now.isEmpty()) {
            directory.replaceAlarms(watch.fired());
            now.stream().filter(a -> a.level() != Level.INFO).forEach(a -> listener.warning(a.sentence()));
            now.stream().filter(a -> a.level() == Level.INFO).forEach(a -> listener.message(a.sentence()));
        }
    }

    /** Of the last step, logged or not. */
    Map<String, Double> last() {
        return last;
    }

    /** Whether an alarm has fired that ends a run under {@code run.stop_rule}. */
    boolean stops() {
        return watch.stops();
    }
}
