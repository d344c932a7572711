package dev.flipside.cli.console;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.Consumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal. */
final class BarProgress implements Progress {
    private final PrintWriter err;
    private final ProgressBar bar;

    BarProgress(String task, long total, String unit, PrintWriter err, int columns, long from) {
        this.err = err;
        Consumer<String> redraw = line -> {
            err.print("\r" + line + "\033[K");
            err.flush();
        };
        bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUnit(" " + unit, 1)
                .startsFrom(from, Duration.ZERO)
                .showSpeed()
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setConsumer(new DelegatingProgressBarConsumer(redraw, columns - 1))
                .build();
    }

    @Override
    public void at(long done, String message) {
        bar.stepTo(done);
        bar.setExtraMessage(message);
    }

    @Override
    public void close() {
        bar.close();
        err.println();
    }
}
