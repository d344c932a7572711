package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One run's folder, written by one process at a time: {@code config.yaml}, {@code provenance.json}, {@code metrics.jsonl}, {@code samples.jsonl},
 * {@code alarms.json}, {@code tensorboard/} and {@code checkpoints/step-N/}.
 *
 * <p>A resumed run continues from its newest checkpoint: the append-only files are cut back to what they held then, so that in the end they equal those of a run that was
 * never stopped (apart from times). Resuming a run that has no checkpoint yet begins it again.
 */
public final class RunDirectory implements AutoCloseable {
    private static final String CONFIG = "config.yaml";
    private static final String PROVENANCE = "provenance.json";
    private static final String SAMPLES = "samples.jsonl";
    private static final String ALARMS = "alarms.json";
    private static final String CHECKPOINTS = "checkpoints";
    /** What a process that was killed before it wrote the configuration can leave: no run has begun there. */
    private static final Set<String> BEFORE_THE_CONFIG =
            Set.of(RunLock.LOCK, RunLock.OWNER, "." + RunLock.OWNER + ".tmp", "." + CONFIG + ".tmp");

    private final Path folder;
    private final RunLock lock;
    private final Checkpoints checkpoints;
    private final Optional<Checkpoint> resumedFrom;
    private final Metrics metrics;
    private final AppendLog samples;

    /** Cuts the logs back to {@code resumedFrom}, which has been verified: nothing is changed before that. */
    private RunDirectory(Path folder, RunLock lock, Checkpoints checkpoints, Clock clock, boolean tensorboard)
            throws IOException {
        this.folder = folder;
        this.lock = lock;
        this.checkpoints = checkpoints;
        this.resumedFrom = checkpoints.latest();
        Map<String, Long> logs = new HashMap<>(resumedFrom.map(Checkpoint::logs).orElseGet(TreeMap::new));
        this.metrics = Metrics.open(folder, clock, tensorboard);
        this.samples = AppendLog.open(folder.resolve(SAMPLES));
        metrics.truncateTo(logs);
        samples.truncateTo(logs.getOrDefault(SAMPLES, 0L));
        Durable.sync(folder);
    }

    /**
     * Begins a run.
     *
     * @param folder made with its parents when it is not there
     * @param config the complete configuration as YAML
     * @param saveTotalLimit how many checkpoints to keep, at least 1
     * @param tensorboard whether event files are written beside {@code metrics.jsonl}
     * @throws UserError when there is something in the folder, or it cannot be written
     */
    public static RunDirectory create(Path folder, String config, int saveTotalLimit, boolean tensorboard) {
        refuseUnlessEmpty(folder);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Durable.refused("create", folder, e);
        }
        RunLock lock = RunLock.acquire(folder);
        return open(folder, lock, saveTotalLimit, tensorboard, () -> {
            refuseUnlessEmpty(folder); // Another process may have begun and ended a run since.
            Durable.write(folder.resolve(CONFIG), config);
        });
    }

    /**
     * Continues a run from its newest checkpoint.
     *
     * @throws UserError when there is no run, another process is writing it, or the newest checkpoint is damaged
     */
    public static RunDirectory resume(Path folder, int saveTotalLimit, boolean tensorboard) {
        if (!Files.isRegularFile(folder.resolve(CONFIG))) {
            throw new UserError("Cannot resume " + folder + ": there is no " + CONFIG
                    + " in it, so no run was begun there; check run.output_dir, or start without --resume.");
        }
        return open(folder, RunLock.acquire(folder), saveTotalLimit, tensorboard, () -> {});
    }

    /** The folder itself. */
    public Path folder() {
        return folder;
    }

    /** The configuration in {@code config.yaml}. */
    public String config() {
        Path file = folder.resolve(CONFIG);
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    /** {@code config.yaml}. */
    public Path configFile() {
        return folder.resolve(CONFIG);
    }

    /** Replaces {@code config.yaml}, for a run that is resumed with an option changed. */
    public void replaceConfig(String config) {
        Path file = folder.resolve(CONFIG);
        try {
            Durable.write(file, config);
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    /** Writes {@code provenance.json}; in a resumed run, adds to the list {@code resumed} in it. */
    public void record(Provenance provenance) {
        provenance.addTo(folder.resolve(PROVENANCE));
    }

    /** The verified checkpoint that the run continues from; empty when it begins at step 0. */
    public Optional<Checkpoint> resumedFrom() {
        return resumedFrom;
    }

    /** {@code metrics.jsonl}. */
    public Path metricsFile() {
        return folder.resolve(Metrics.LINES);
    }

    /**
     * Replaces {@code alarms.json}.
     *
     * @param alarms records, written as a JSON array
     */
    public void replaceAlarms(List<?> alarms) {
        Path file = folder.resolve(ALARMS);
        try {
            Durable.write(file, Json.pretty(alarms));
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    public Metrics metrics() {
        return metrics;
    }

    /** {@code samples.jsonl}: every number that made the loss. */
    public AppendLog samples() {
        return samples;
    }

    public Checkpoints checkpoints() {
        return checkpoints;
    }

    /**
     * Writes {@code checkpoints/step-N} with the positions of the logs, and deletes the oldest checkpoints beyond the limit. When this returns everything, the logs too, survives
     * a power cut; when it fails the earlier checkpoints are as before.
     *
     * @param step the training steps that are finished
     * @param positions what {@link Checkpoint#positions} is to give back
     * @throws IllegalStateException when there is a checkpoint of this step
     */
    public Checkpoint saveCheckpoint(long step, Map<String, Long> positions, Checkpoint.Writer writer) {
        metrics.sync();
        samples.sync();
        Map<String, Long> logs = new HashMap<>(metrics.positions());
        logs.put(SAMPLES, samples.position());
        return checkpoints.write(step, positions, logs, writer);
    }

    /** Flushes and closes the logs and lets other processes write the run. */
    @Override
    public void close() {
        try (lock;
                metrics;
                samples) {
            metrics.sync();
            samples.sync();
        }
    }

    @FunctionalInterface
    private interface Preparation {
        void run() throws IOException;
    }

    private static RunDirectory open(
            Path folder, RunLock lock, int saveTotalLimit, boolean tensorboard, Preparation preparation) {
        try {
            preparation.run();
            Checkpoints checkpoints = Checkpoints.open(folder.resolve(CHECKPOINTS), saveTotalLimit);
            return new RunDirectory(folder, lock, checkpoints, Clock.systemUTC(), tensorboard);
        } catch (IOException e) {
            lock.close();
            throw Durable.refused("open", folder, e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static void refuseUnlessEmpty(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new UserError("run.output_dir: " + folder + " is a file; choose another run.output_dir.");
        }
        try (Stream<Path> paths = Files.list(folder)) {
            if (paths.anyMatch(
                    path -> !BEFORE_THE_CONFIG.contains(path.getFileName().toString()))) {
                throw new UserError("run.output_dir: " + folder
                        + " is not empty; use --resume to continue the run in it, or choose another run.output_dir.");
            }
        } catch (IOException e) {
            throw Durable.refused("list", folder, e);
        }
    }
}
