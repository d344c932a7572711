package dev.flipside.run;

import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The scalars of a run: one line per call in {@code metrics.jsonl} ({@code {"step": 3, "reward": 0.5, ...}}) and the same in a TensorBoard event file.
 *
 * <p>A value that is not finite is {@code null} in {@code metrics.jsonl} and itself in TensorBoard, which shows it as such. TensorBoard keeps float32.
 */
public final class Metrics implements AutoCloseable {
    static final String LINES = "metrics.jsonl";
    static final String EVENTS = "tensorboard/events.out.tfevents.0.flipside";

    private final AppendLog lines;
    private final Optional<EventFile> events;

    private Metrics(AppendLog lines, Optional<EventFile> events) {
        this.lines = lines;
        this.events = events;
    }

    /** @param tensorboard whether event files are written, too */
    static Metrics open(Path runFolder, Clock clock, boolean tensorboard) {
        return new Metrics(
                AppendLog.open(runFolder.resolve(LINES)),
                tensorboard ? Optional.of(EventFile.open(runFolder.resolve(EVENTS), clock)) : Optional.empty());
    }

    /**
     * Records {@code values}, in the map's order.
     *
     * @param step the step of the training loop they belong to, counted from 0
     * @throws IllegalArgumentException when a value is named {@code step}
     */
    public void log(long step, Map<String, Double> values) {
        if (values.containsKey("step")) {
            throw new IllegalArgumentException("\"step\" is the key of the step itself, not a metric");
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.putAll(values);
        lines.append(line);
        events.ifPresent(e -> e.scalars(step, values));
    }

    /** Lengths in bytes by file name relative to the run's folder. */
    Map<String, Long> positions() {
        Map<String, Long> positions = new LinkedHashMap<>();
        positions.put(LINES, lines.position());
        events.ifPresent(e -> positions.put(EVENTS, e.position()));
        return positions;
    }

    void truncateTo(Map<String, Long> positions) {
        lines.truncateTo(positions.getOrDefault(LINES, 0L));
        events.ifPresent(e -> e.truncateTo(positions.getOrDefault(EVENTS, 0L)));
    }

    void sync() {
        lines.sync();
        events.ifPresent(EventFile::sync);
    }

    @Override
    public void close() {
        try (lines) {
            events.ifPresent(EventFile::close);
        }
    }
}
