package dev.flipside.train;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.Checkpoint;
import dev.flipside.run.RunDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a run leaves, as all ranks see it. Rank 0 writes its folder; the others know what rank 0 tells them, and read
 * checkpoints alone.
 */
final class RunOutput implements AutoCloseable {
    private static final String ROUND = "round";

    private final Ranks ranks;
    private final Path folder;
    private final Optional<RunDirectory> directory;
    private final Optional<Checkpoint> resumedFrom;

    private RunOutput(Ranks ranks, Path folder, Optional<RunDirectory> directory, Optional<Checkpoint> resumedFrom) {
        this.ranks = ranks;
        this.folder = folder;
        this.directory = directory;
        this.resumedFrom = resumedFrom;
    }

    /** @param open makes the folder, on the rank that writes */
    static RunOutput begin(Ranks ranks, Path folder, Supplier<RunDirectory> open) {
        Optional<RunDirectory> directory = ranks.writes() ? Optional.of(open.get()) : Optional.empty();
        ranks.collective().barrier();
        return new RunOutput(ranks, folder, directory, Optional.empty());
    }

    /** @param open finds the checkpoint, on the rank that writes */
    static RunOutput resume(Ranks ranks, Path folder, Supplier<RunDirectory> open) {
        Optional<RunDirectory> directory = ranks.writes() ? Optional.of(open.get()) : Optional.empty();
        String told = directory
                .flatMap(RunDirectory::resumedFrom)
                .map(c -> c.step() + " " + c.positions().get(ROUND))
                .orElse("");
        String from =
                new String(ranks.collective().broadcast(told.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
        Optional<Checkpoint> checkpoint = directory.isPresent()
                ? directory.get().resumedFrom()
                : Optional.of(from).filter(text -> !text.isEmpty()).map(text -> seen(folder, text));
        return new RunOutput(ranks, folder, directory, checkpoint);
    }

    /** A checkpoint that rank 0 has verified. */
    private static Checkpoint seen(Path folder, String told) {
        String[] numbers = told.split(" ");
        Path checkpoint = folder.resolve("checkpoints").resolve("step-" + numbers[0]);
        if (!Files.isDirectory(checkpoint)) {
            throw new UserError("run.output_dir: rank 0 resumes from " + checkpoint
                    + ", which is not there on this rank; put the run's folder on a file system that all ranks see.");
        }
        TreeMap<String, Long> positions = new TreeMap<>();
        positions.put(ROUND, Long.parseLong(numbers[1]));
        return new Checkpoint(checkpoint, Long.parseLong(numbers[0]), positions, new TreeMap<>(), new TreeMap<>());
    }

    Ranks ranks() {
        return ranks;
    }

    Path folder() {
        return folder;
    }

    /** Where this rank is the one that writes. */
    Optional<RunDirectory> directory() {
        return directory;
    }

    Optional<Checkpoint> resumedFrom() {
        return resumedFrom;
    }

    /** What was logged before this start, as {@code metrics.jsonl} has it. */
    List<Measured> history() {
        byte[] own = directory.map(d -> bytes(d.metricsFile())).orElse(new byte[0]);
        return Alarms.read(folder.resolve("metrics.jsonl"), ranks.collective().broadcast(own));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UserError(
                    file + " cannot be read (" + IoReason.of(e)
                            + "); check that the folder is one that flipside train wrote.",
                    e);
        }
    }

    @Override
    public void close() {
        directory.ifPresent(RunDirectory::close);
    }
}
