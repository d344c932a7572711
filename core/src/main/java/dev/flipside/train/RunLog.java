package dev.flipside.train;

import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.AlarmWatch;
import dev.flipside.eval.alarm.Level;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.Decision;
import dev.flipside.run.RunDirectory;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes what steps found, and raises the alarms of it. Only logged lines count: metrics.jsonl alone then tells which
 * alarms fired. Every rank raises them, since they decide how a run goes on; rank 0 writes them.
 */
final class RunLog {
    private final Optional<RunDirectory> directory;
    private final int loggingSteps;
    private final TrainListener listener;
    private final AlarmWatch watch = new AlarmWatch();
    private final Optional<AutoCourse> auto;
    private Map<String, Double> last = Map.of();

    /**
     * Reads what a resumed run has written up to its checkpoint, so that it raises the alarms, and decides, as a run
     * that nobody disturbed.
     *
     * @param auto decides from the same lines, where the run has preset {@code auto}
     */
    RunLog(RunOutput output, int loggingSteps, Optional<AutoCourse> auto, TrainListener listener) {
        this.directory = output.directory();
        this.loggingSteps = loggingSteps;
        this.listener = listener;
        this.auto = auto;
        for (Measured line : output.history()) {
            watch.observe(line);
            auto.ifPresent(course -> course.observe(line));
        }
        directory.ifPresent(d -> d.replaceAlarms(watch.fired()));
        auto.ifPresent(course -> replaceDecisions(course));
    }

    /** @param always whatever {@code logging.logging_steps} says */
    void step(long step, Map<String, Double> metrics, boolean always) {
        last = metrics;
        if (always || step % loggingSteps == 0) {
            directory.ifPresent(d -> d.metrics().log(step, metrics));
            Measured line = new Measured(step, metrics);
            raiseAlarms(line);
            auto.ifPresent(course -> tell(course, course.observe(line)));
        }
        listener.step(step, metrics);
        listener.progress(step);
    }

    private void tell(AutoCourse course, List<Decision> now) {
        now.forEach(d -> listener.message("step " + d.step() + ": auto: " + d.decision() + "."));
        if (!now.isEmpty()) {
            replaceDecisions(course);
        }
    }

    private void replaceDecisions(AutoCourse course) {
        directory.ifPresent(d -> d.replaceDecisions(course.decisions()));
    }

    private void raiseAlarms(Measured line) {
        List<Alarm> now = watch.observe(line);
        if (!now.isEmpty()) {
            directory.ifPresent(d -> d.replaceAlarms(watch.fired()));
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
