package dev.flipside.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The scalars of a run: one line per call in {@code metrics.jsonl} ({@code {"step": 3, "reward": 0.5, ...}}) and the
 * same in a TensorBoard event file.
 *
 * <p>A value that is not finite is {@code null} in {@code metrics.jsonl} and itself in TensorBoard, which shows it as
 * such. TensorBoard keeps float32.
 */
public final class Metrics implements AutoCloseable {
    static final String LINES = "metrics.jsonl";
    static final String EVENTS = "tensorboard/events.out.tfevents.0.flipside";

    private static final String STEP = "step";

    private final AppendLog lines;
    private final Optional<EventFile> events;

    private Metrics(AppendLog lines, Optional<EventFile> events) {
        this.lines = lines;
        this.events = events;
    }

    /**
     * Cuts the files back to a checkpoint's.
     *
     * @param tensorboard whether event files are written, too; where one lacks what the checkpoint knew, it is made
     *     again from {@code metrics.jsonl}
     * @param logs lengths in bytes by file name
     */
    static Metrics open(Path runFolder, Clock clock, boolean tensorboard, Map<String, Long> logs) throws IOException {
        Path file = runFolder.resolve(LINES);
        AppendLog lines = AppendLog.hashed(file, logs.getOrDefault(LINES, 0L));
        Metrics metrics = new Metrics(
                lines, tensorboard ? Optional.of(EventFile.open(runFolder.resolve(EVENTS), clock)) : Optional.empty());
        if (metrics.events.isPresent()) {
            EventFile events = metrics.events.get();
            Optional<Long> length = Optional.ofNullable(logs.get(EVENTS)).filter(l -> l <= events.position());
            events.truncateTo(length.orElse(0L));
            if (length.isEmpty()) {
                for (String line : AppendLog.wholeLines(file)) {
                    replay(line, events);
                }
            }
        }
        return metrics;
    }

    private static void replay(String line, EventFile events) throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        JsonNode node = Json.MAPPER.readTree(line);
        node.properties().forEach(entry -> {
            if (!entry.getKey().equals(STEP)) {
                values.put(entry.getKey(), entry.getValue().asDouble(Double.NaN));
            }
        });
        events.scalars(node.path(STEP).asLong(), values);
    }

    /**
     * Records {@code values}, in the map's order.
     *
     * @param step the step of the training loop they belong to, counted from 0
     * @throws IllegalArgumentException when a value is named {@code step}
     */
    public void log(long step, Map<String, Double> values) {
        if (values.containsKey(STEP)) {
            throw new IllegalArgumentException("\"step\" is the key of the step itself, not a metric");
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put(STEP, step);
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

    /** SHA-256 of {@code metrics.jsonl}. */
    String sha256() {
        return lines.sha256();
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
