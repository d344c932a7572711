package dev.flipside.cli.train;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Progress;
import dev.flipside.train.TrainListener;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * What a person sees of a training: a line per logged step and, on a terminal, a bar below it with the time left and
 * what the step is busy with.
 *
 * <p>A log file gets the same lines without the bar.
 */
final class TrainingConsole implements TrainListener, AutoCloseable {
    private final Console console;
    private final Function<Map<String, Double>, String> figures;
    private final int loggingSteps;
    private Progress bar = Progress.NONE;
    private String phase = "";
    private long total;
    private long startedAt;
    private long firstStep = -1;
    private long steps;
    private volatile long done;

    /** @param figures of one step, such as {@link StepFigures#training} */
    TrainingConsole(Console console, Function<Map<String, Double>, String> figures, int loggingSteps) {
        this.console = console;
        this.figures = figures;
        this.loggingSteps = loggingSteps;
    }

    /** Steps that were done since this console listens; 0 when there was nothing left to do. */
    long steps() {
        return steps;
    }

    /** Says what a stop signal will do; called on the signal's own thread. */
    void stopping(String signal, String promise) {
        console.info(signal + ": finishing step " + (done + 1) + ", then " + promise
                + "; a second signal ends the process at once");
    }

    @Override
    public void phase(String name, long units) {
        close();
        phase = name;
        total = units;
        startedAt = System.nanoTime();
        firstStep = -1;
    }

    @Override
    public void progress(long finished) {
        begin(finished);
        done = finished;
        bar.at(finished, "");
    }

    /** The bar begins where a resumed run does, so that its estimate counts only what is done here. */
    private void begin(long first) {
        if (firstStep < 0) {
            firstStep = first;
            done = first;
            bar = console.bar(phase, total, "steps", first);
        }
    }

    @Override
    public void activity(String name, long step) {
        begin(done);
        bar.at(done, "  " + name.replace('_', ' '));
    }

    @Override
    public void step(long step, Map<String, Double> metrics) {
        if (!metrics.containsKey("step_time")) {
            if (steps == 0) {
                // The warm-up and the first evaluation do not come again with every step.
                startedAt = System.nanoTime();
            }
            console.info(("before step " + (step + 1) + "  " + StepFigures.atTheStart(metrics)).stripTrailing());
            return;
        }
        begin(step - 1);
        steps++;
        if (step % loggingSteps == 0 || step == total || metrics.containsKey("eval_rm/accuracy")) {
            int width = Long.toString(total).length();
            console.info(String.format(
                    Locale.ROOT,
                    "step %" + width + "d/%d  %s  (%.1f s, %s left)",
                    step,
                    total,
                    figures.apply(metrics),
                    metrics.get("step_time"),
                    Numbers.duration(secondsLeft(step))));
        }
    }

    private double secondsLeft(long step) {
        double passed = (System.nanoTime() - startedAt) * 1e-9;
        return passed / Math.max(1, step - firstStep) * (total - step);
    }

    @Override
    public void message(String line) {
        console.info(line);
    }

    @Override
    public void warning(String line) {
        console.warn(line);
    }

    @Override
    public void close() {
        bar.close();
        bar = Progress.NONE;
    }
}
