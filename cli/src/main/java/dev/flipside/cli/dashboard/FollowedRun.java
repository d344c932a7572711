package dev.flipside.cli.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.AlarmWatch;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.RunProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A run as its folder has shown it so far. Safe for several threads. */
final class FollowedRun {
    /** Lines that are told one by one; more than that are read from the series. */
    private static final int MOST_NEWS = 200;

    /** A run of ours has about a hundred; a file with more is not ours. */
    private static final int MOST_METRICS = 400;

    /** Step times that the rate is the mean of. */
    private static final int RECENT = 20;

    /**
     * What has come since the last look.
     *
     * @param again whether everything is to be read again
     * @param lines otherwise the new ones
     */
    record News(boolean again, List<Measured> lines) {
        boolean none() {
            return !again && lines.isEmpty();
        }
    }

    private final RunPlace place;
    private final LineFollower file;
    private final Map<String, BoundedSeries> series = new LinkedHashMap<>();
    private final Deque<Double> stepTimes = new ArrayDeque<>();
    private AlarmWatch alarms = new AlarmWatch();
    private long step;
    private double epoch = Double.NaN;
    private long damaged;
    private Optional<RunLength> length = Optional.empty();

    FollowedRun(RunPlace place) {
        this.place = place;
        this.file = new LineFollower(place.folder().resolve("metrics.jsonl"));
    }

    RunPlace place() {
        return place;
    }

    /** Reads what has been written since the last call. */
    synchronized News poll() {
        List<Measured> lines = new ArrayList<>();
        boolean[] again = new boolean[1];
        try {
            file.poll(
                    () -> {
                        again[0] = true;
                        forget();
                    },
                    text -> parsed(text).ifPresent(line -> {
                        observe(line);
                        if (lines.size() <= MOST_NEWS) {
                            lines.add(line);
                        }
                    }));
        } catch (IOException e) {
            return new News(false, List.of()); // Read again at the next look; the page shows what there is.
        }
        boolean many = again[0] || lines.size() > MOST_NEWS;
        return new News(many, many ? List.of() : lines);
    }

    private void forget() {
        series.clear();
        stepTimes.clear();
        alarms = new AlarmWatch();
        step = 0;
        epoch = Double.NaN;
        damaged = 0;
        length = Optional.empty();
    }

    /** Lines that are none are counted; the page says how many. */
    private Optional<Measured> parsed(String text) {
        Optional<Measured> line = Alarms.line(text);
        if (line.isEmpty()) {
            damaged++;
        }
        return line;
    }

    private void observe(Measured line) {
        step = line.step();
        alarms.observe(line);
        line.values().forEach((metric, value) -> {
            if (Double.isFinite(value) && (series.containsKey(metric) || series.size() < MOST_METRICS)) {
                series.computeIfAbsent(metric, k -> new BoundedSeries()).add(line.step(), value);
            }
        });
        epoch = line.values().getOrDefault("epoch", epoch);
        Optional.ofNullable(line.values().get("step_time")).ifPresent(seconds -> {
            stepTimes.addLast(seconds);
            if (stepTimes.size() > RECENT) {
                stepTimes.removeFirst();
            }
        });
    }

    /** Curves of the metrics that were measured. */
    synchronized Map<String, BoundedSeries.Points> series(List<String> metrics) {
        Map<String, BoundedSeries.Points> points = new LinkedHashMap<>();
        for (String metric : metrics) {
            if (series.containsKey(metric)) {
                points.put(metric, series.get(metric).points());
            }
        }
        return points;
    }

    /** Everything that was measured. */
    synchronized List<String> metrics() {
        return List.copyOf(series.keySet());
    }

    /** The alarms of all lines so far. */
    synchronized List<Alarm> alarms() {
        return alarms.fired();
    }

    /** What the list of runs shows. */
    synchronized RunStatus status() {
        if (length.isEmpty()) {
            length = Optional.of(config(place.folder()))
                    .filter(config -> !config.isMissingNode())
                    .map(RunLength::of);
        }
        RunLength known = length.orElse(new RunLength(0, 0));
        long total = known.total(step, epoch);
        RunState state = state(known, total);
        double seconds = stepTimes.stream().mapToDouble(s -> s).average().orElse(Double.NaN);
        return new RunStatus(
                state,
                step,
                total,
                seconds,
                state == RunState.RUNNING ? seconds * (total - step) : Double.NaN,
                damaged);
    }

    private RunState state(RunLength length, long total) {
        Path folder = place.folder();
        if (!Files.isDirectory(folder)) {
            return RunState.WAITING;
        }
        Optional<RunProcess> owner = RunProcess.of(folder);
        if (owner.filter(RunProcess::alive).isPresent()) {
            return RunState.RUNNING;
        }
        boolean saved =
                length.ofRewardModel() ? Files.isDirectory(folder.resolve("final")) && step >= total : finished(folder);
        if (saved) {
            return RunState.FINISHED;
        }
        return owner.isPresent() ? RunState.DEAD : RunState.STOPPED;
    }

    /** Whether a run of {@code train} has saved its models. */
    static boolean finished(Path folder) {
        return Files.isDirectory(folder.resolve("policy"));
    }

    /** The configuration of a run; missing where it cannot be read. */
    static JsonNode config(Path folder) {
        try {
            return Optional.ofNullable(ConfigTable.YAML.readTree(BoundedFile.yaml(folder.resolve("config.yaml"))))
                    .orElse(MissingNode.getInstance());
        } catch (IOException | UserError e) {
            return MissingNode.getInstance();
        }
    }
}
