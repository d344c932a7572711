package dev.flipside.cli;

import dev.flipside.train.TrainListener;
import java.util.List;

/** One bar for a whole comparison, moved by all its workers. What is kept from before is not counted. */
final class ComparisonProgress implements AutoCloseable {
    private final Console console;
    private final Progress bar;
    private double done;

    /** @param unfinished what there is to do */
    ComparisonProgress(String task, List<ComparisonWork> unfinished, Console console) {
        this.console = console;
        this.bar = console.progress(
                task, unfinished.stream().mapToLong(ComparisonWork::units).sum(), "units");
    }

    /** Listens to one part; what the training says is left to its own files, except for warnings. */
    TrainListener of(ComparisonWork work) {
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
                console.warn(work.what() + ": " + line);
            }
        };
    }

    private synchronized void advance(double units, String what) {
        done += units;
        bar.at(Math.round(done), what);
    }

    @Override
    public void close() {
        bar.close();
    }
}
