package dev.flipside.cli.compare;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.compare.ComparisonListener;
import dev.flipside.compare.ComparisonWork;
import dev.flipside.train.TrainListener;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** One bar for a whole comparison, moved by all its workers. What is kept from before is not counted. */
final class ComparisonProgress implements ComparisonListener, AutoCloseable {
    /** How {@link dev.flipside.eval.alarm.Alarm#sentence} begins. */
    private static final Pattern ALARM = Pattern.compile("step \\d+: (info|warn|alarm) ");

    private final Console console;
    private final Set<String> shown = new HashSet<>();
    private Progress bar = Progress.NONE;
    private double done;

    ComparisonProgress(Console console) {
        this.console = console;
    }

    @Override
    public synchronized void begin(String title, List<ComparisonWork> unfinished) {
        bar = console.progress(
                title, unfinished.stream().mapToLong(ComparisonWork::units).sum(), "units");
    }

    /** What the training says is left to its own files, except for warnings. */
    @Override
    public TrainListener of(ComparisonWork work) {
        return new TrainListener() {
            private long total = 1;
            private double counted;

            @Override
            public void phase(String name, long units) {
                total = Math.max(1, units);
            }

            @Override
            public void progress(long finished) {
                double units = Math.min(work.units(), (double) work.units() * finished / total);
                advance(units - counted, work.what());
                counted = units;
            }

            @Override
            public void warning(String line) {
                warn(work, line);
            }
        };
    }

    /** Alarms are counted over the runs in the result. Any other warning is shown once, not for every seed. */
    private synchronized void warn(ComparisonWork work, String line) {
        if (!ALARM.matcher(line).lookingAt() && shown.add(line)) {
            console.warn(work.what() + ": " + line);
        }
    }

    private synchronized void advance(double units, String what) {
        done += units;
        bar.at(Math.round(done), what);
    }

    @Override
    public void done(ComparisonWork work) {
        console.info(work.what() + ": done");
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
    }
}
