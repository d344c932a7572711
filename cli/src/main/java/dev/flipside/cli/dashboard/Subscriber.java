package dev.flipside.cli.dashboard;

import dev.flipside.run.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A page that listens: what it is to be told, until it has taken it. One that takes nothing costs no more memory. */
final class Subscriber {
    private static final int LONGEST_QUEUE = 256;

    private final Set<String> runs;
    private final Set<String> metrics;
    private final BlockingQueue<String> events = new ArrayBlockingQueue<>(LONGEST_QUEUE);
    private final AtomicBoolean late = new AtomicBoolean();

    /** @param runs whose new lines it wants, and {@code metrics} of them */
    Subscriber(Set<String> runs, Set<String> metrics) {
        this.runs = runs;
        this.metrics = metrics;
    }

    /** The list of runs has changed. */
    void overview(String json) {
        tell("runs", json);
    }

    /** A run has new lines, or is to be read again. */
    void news(String run, FollowedRun.News news) {
        if (!runs.contains(run)) {
            return;
        }
        if (news.again()) {
            tell("again", Json.line(Map.of("run", run)));
            return;
        }
        List<Map<String, Object>> lines = new ArrayList<>();
        news.lines().forEach(line -> {
            Map<String, Double> values = new LinkedHashMap<>(line.values());
            values.keySet().retainAll(metrics);
            if (!values.isEmpty()) {
                lines.add(Map.of("step", line.step(), "values", values));
            }
        });
        if (!lines.isEmpty()) {
            tell("lines", Json.line(Map.of("run", run, "lines", lines)));
        }
    }

    private void tell(String event, String json) {
        if (!events.offer("event: " + event + "\ndata: " + json + "\n\n")) {
            late.set(true);
        }
    }

    /** The next event as it is sent; empty where there was none for a while. */
    Optional<String> next(long millis) throws InterruptedException {
        if (late.getAndSet(false)) {
            events.clear();
            return Optional.of("event: all\ndata: {}\n\n");
        }
        return Optional.ofNullable(events.poll(millis, TimeUnit.MILLISECONDS));
    }
}
