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
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One run's folder, written by one process at a time: {@code config.yaml}, {@code provenance.json},
 * {@code metrics.jsonl}, {@code samples.jsonl}, {@code alarms.json}, {@code decisions.json}, {@code tensorboard/} and
 * {@code checkpoints/step-N/}.
 *
 * <p>A resumed run continues from its newest checkpoint: the append-only files are cut back to what they held then, so
 * that in the end they equal those of a run that was never stopped (apart from times). Resuming a run that has no
 * checkpoint yet begins it again.
 */
public final class RunDirectory implements AutoCloseable {
    private static final String CONFIG = "config.yaml";
    private static final String PROVENANCE = "provenance.json";
    private static final String ALARMS = "alarms.json";
    static final String DECISIONS = "decisions.json";
    private static final String CHECKPOINTS = "checkpoints";
    private static final String FINAL = "final";
    private static final Agreement ANYTHING = (config, from) -> {};

    /** What a process that was killed before it wrote the configuration can leave: no run has begun there. */
    private static final Set<String> BEFORE_THE_CONFIG =
            Set.of(RunLock.LOCK, RunLock.OWNER, "." + RunLock.OWNER + ".tmp", "." + CONFIG + ".tmp");

    private final Path folder;
    private final RunLock lock;
    private final Checkpoints checkpoints;
    private final Optional<Checkpoint> resumedFrom;
    private final RunSettings settings;
    private final Metrics metrics;
    private final SampleFiles samples;

    /** Cuts the logs back to {@code from}, which has been verified. */
    private RunDirectory(
            Path folder, RunLock lock, Checkpoints checkpoints, Optional<Checkpoint> from, RunSettings settings)
            throws IOException {
        this.folder = folder;
        this.lock = lock;
        this.checkpoints = checkpoints;
        this.resumedFrom = from;
        this.settings = settings;
        checkpoints.deleteAfter(from.map(Checkpoint::step).orElse(0L));
        SortedMap<String, Long> logs = from.map(Checkpoint::logs).orElseGet(TreeMap::new);
        this.metrics = Metrics.open(folder, Clock.systemUTC(), settings.tensorboard(), logs);
        this.samples = SampleFiles.open(folder, settings.samplesMaxBytes(), samplesToKeep(folder, from));
        Durable.sync(folder);
    }

    /** None where what the checkpoint knew of them is lost, which only a run without them gets to. */
    private static SortedMap<String, Long> samplesToKeep(Path folder, Optional<Checkpoint> from) {
        SortedMap<String, Long> logs = new TreeMap<>(from.map(Checkpoint::logs).orElseGet(TreeMap::new));
        logs.keySet()
                .removeIf(name -> SampleFiles.isOne(name)
                        && lost(folder, from.orElseThrow(), name).isPresent());
        return logs;
    }

    /**
     * Begins a run.
     *
     * @param folder made with its parents when it is not there
     * @param config the complete configuration as YAML
     * @throws UserError when there is something in the folder, or it cannot be written
     */
    public static RunDirectory create(Path folder, String config, RunSettings settings) {
        refuseUnlessEmpty(folder, settings);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Durable.refused("create", folder, e);
        }
        RunLock lock = RunLock.acquire(folder);
        return open(folder, lock, settings, OptionalLong.empty(), ANYTHING, () -> {
            refuseUnlessEmpty(folder, settings); // Another process may have begun and ended a run since.
            Durable.write(folder.resolve(CONFIG), config);
        });
    }

    /**
     * {@link #resume(Path, RunSettings, OptionalLong, Agreement)} from the newest checkpoint, whatever the
     * configuration.
     */
    public static RunDirectory resume(Path folder, RunSettings settings) {
        return resume(folder, settings, OptionalLong.empty(), ANYTHING);
    }

    /**
     * Continues a run. Nothing in its folder is changed before its checkpoint and its logs were compared with their
     * checksums and {@code agreement} is there.
     *
     * @param fromStep the checkpoint to go back to, 0 for the beginning; what came after it is forgotten. Empty for the
     *     newest
     * @param agreement refuses by a {@link UserError}
     * @throws UserError when there is no run, another process is writing it, or the checkpoint or a log before it is
     *     damaged: it names the step to go back to
     */
    public static RunDirectory resume(Path folder, RunSettings settings, OptionalLong fromStep, Agreement agreement) {
        if (!Files.isRegularFile(folder.resolve(CONFIG))) {
            throw new UserError("Cannot resume " + folder + ": there is no " + CONFIG
                    + " in it, so no run was begun there; check run.output_dir, or start without --resume.");
        }
        return open(folder, RunLock.acquire(folder), settings, fromStep, agreement, () -> {});
    }

    /** The folder itself. */
    public Path folder() {
        return folder;
    }

    /** What is asked before anything large is written. */
    public DiskSpace disk() {
        return settings.disk();
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
        replace(ALARMS, alarms);
    }

    /**
     * Replaces {@code decisions.json}.
     *
     * @param decisions all so far
     */
    public void replaceDecisions(List<Decision> decisions) {
        replace(DECISIONS, decisions);
    }

    private void replace(String name, List<?> records) {
        Path file = folder.resolve(name);
        try {
            Durable.write(file, Json.pretty(records));
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    public Metrics metrics() {
        return metrics;
    }

    /** {@code samples.jsonl}: every number that made the loss. */
    public SampleFiles samples() {
        return samples;
    }

    public Checkpoints checkpoints() {
        return checkpoints;
    }

    /**
     * Why a checkpoint of so many bytes does not fit beside those that are there, as the middle of a sentence; empty
     * when it does.
     */
    public Optional<String> noRoomFor(long bytes) {
        return settings.disk().missing(folder.resolve(CHECKPOINTS), bytes);
    }

    /**
     * Writes {@code checkpoints/step-N} with the positions of the logs, and deletes the oldest checkpoints beyond the
     * limit. When this returns everything, the logs too, survives a power cut; when it fails the earlier checkpoints
     * are as before.
     *
     * @param step the training steps that are finished
     * @param positions what {@link Checkpoint#positions} is to give back
     * @throws IllegalStateException when there is a checkpoint of this step
     */
    public Checkpoint saveCheckpoint(long step, Map<String, Long> positions, CheckpointWriter writer) {
        metrics.sync();
        samples.sync();
        Map<String, Long> logs = new HashMap<>(metrics.positions());
        logs.put(samples.name(), samples.position());
        Map<String, String> hashes = Map.of(Metrics.LINES, metrics.sha256(), samples.name(), samples.sha256());
        Checkpoint written = checkpoints.write(step, positions, logs, hashes, writer);
        checkpoints.logsOfTheOldest().ifPresent(samples::prune);
        return written;
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

    /** What decides whether a run may go on. */
    @FunctionalInterface
    public interface Agreement {
        /** @param from the verified checkpoint that it would continue from; empty for the beginning */
        void check(Path configFile, Optional<Checkpoint> from);
    }

    private static RunDirectory open(
            Path folder,
            RunLock lock,
            RunSettings settings,
            OptionalLong fromStep,
            Agreement agreement,
            Preparation preparation) {
        try {
            preparation.run();
            Checkpoints checkpoints = Checkpoints.open(folder.resolve(CHECKPOINTS), settings.saveTotalLimit());
            Function<Checkpoint, Optional<String>> hindrance = c -> hindrance(folder, c, settings.samples());
            Optional<Checkpoint> from = fromStep.isPresent()
                    ? checkpoints.at(fromStep.getAsLong(), hindrance)
                    : checkpoints.latest(hindrance);
            agreement.check(folder.resolve(CONFIG), from);
            return new RunDirectory(folder, lock, checkpoints, from, settings);
        } catch (IOException e) {
            lock.close();
            throw Durable.refused("open", folder, e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Which log does not hold any more what it held when a checkpoint was written. Of TensorBoard's there is a copy in
     * {@code metrics.jsonl}.
     */
    private static Optional<String> hindrance(Path folder, Checkpoint checkpoint, boolean samples) {
        return checkpoint.logs().keySet().stream()
                .filter(name -> name.equals(Metrics.LINES) || samples && SampleFiles.isOne(name))
                .flatMap(name -> lost(folder, checkpoint, name)
                        .map(how -> folder.resolve(name) + " " + how
                                + ", so restore that file"
                                + (SampleFiles.isOne(name) ? " or resume with logging.log_completions=false" : ""))
                        .stream())
                .findFirst();
    }

    private static Optional<String> lost(Path folder, Checkpoint checkpoint, String name) {
        Path file = folder.resolve(name);
        long length = checkpoint.logs().get(name);
        try {
            long there = Files.exists(file) ? Files.size(file) : 0;
            if (there < length) {
                return Optional.of("has " + there + " of the " + length + " bytes that it had then");
            }
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
        String hash = checkpoint.logHashes().get(name);
        return hash == null || hash.equals(FileHash.soFar(FileHash.digestOfStart(file, length)))
                ? Optional.empty()
                : Optional.of("was changed since: the SHA-256 of its first " + length + " bytes is another");
    }

    private static String occupied(Path folder, RunSettings settings) {
        if (!Files.isRegularFile(folder.resolve(CONFIG))) {
            return "is not empty, and holds no run that could be resumed; empty it";
        }
        if (settings.resumable()) {
            return "is not empty; use --resume to continue the run in it";
        }
        return Files.isDirectory(folder.resolve(FINAL))
                ? "holds a training that is finished, with its model in " + folder.resolve(FINAL)
                        + "; delete the folder to train again"
                : "holds a training that did not finish, which train-rm cannot continue; delete the folder to begin again";
    }

    private static void refuseUnlessEmpty(Path folder, RunSettings settings) {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new UserError("run.output_dir: " + folder + " is a file; choose another run.output_dir.");
        }
        try (Stream<Path> paths = Files.list(folder)) {
            if (paths.anyMatch(
                    path -> !BEFORE_THE_CONFIG.contains(path.getFileName().toString()))) {
                throw new UserError("run.output_dir: " + folder + " " + occupied(folder, settings)
                        + ", or choose another run.output_dir.");
            }
        } catch (IOException e) {
            throw Durable.refused("list", folder, e);
        }
    }
}
