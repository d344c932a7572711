package dev.flipside.run;

import com.fasterxml.jackson.databind.DeserializationFeature;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder {@code checkpoints/}: each {@code step-N} in it is whole, whenever the process or the machine stops.
 *
 * <p>A checkpoint is written under a hidden name, every file flushed, and renamed when it is complete; it is renamed
 * aside again before it is deleted. Each holds {@code manifest.json} (positions, and size and SHA-256 of every file)
 * and {@code manifest.sha256}, which {@code sha256sum -c} understands.
 */
public final class Checkpoints {
    private static final int FORMAT = 2;

    /** Without the logs' checksums. */
    private static final int OLD_FORMAT = 1;

    private static final String MANIFEST = "manifest.json";
    private static final String MANIFEST_HASH = "manifest.sha256";
    private static final Pattern FINISHED = Pattern.compile("step-(0|[1-9][0-9]{0,17})");
    private static final String ASIDE = ".step-";

    private final Path folder;
    private final int saveTotalLimit;

    private record Manifest(
            int format,
            long step,
            SortedMap<String, Long> positions,
            SortedMap<String, Long> logs,
            SortedMap<String, String> logSha256,
            List<FileHash> files) {}

    private Checkpoints(Path folder, int saveTotalLimit) {
        this.folder = folder;
        this.saveTotalLimit = saveTotalLimit;
    }

    /**
     * Opens or creates the folder and removes what a killed process left half-written or half-deleted. Only the process
     * that owns the run may call this.
     *
     * @param saveTotalLimit how many checkpoints to keep, at least 1
     */
    static Checkpoints open(Path folder, int saveTotalLimit) {
        if (saveTotalLimit < 1) {
            throw new IllegalArgumentException("saveTotalLimit must be at least 1, not " + saveTotalLimit);
        }
        try {
            Files.createDirectories(folder);
            for (Path leftover : list(folder)) {
                if (leftover.getFileName().toString().startsWith(ASIDE)) {
                    Durable.deleteTree(leftover);
                }
            }
        } catch (IOException e) {
            throw Durable.refused("clean up", folder, e);
        }
        return new Checkpoints(folder, saveTotalLimit);
    }

    /**
     * Writes {@code step-N} and then deletes the oldest beyond the limit. When this returns the checkpoint survives a
     * power cut; when it fails the folder is as before.
     *
     * @throws IllegalStateException when there is a checkpoint of this step
     */
    Checkpoint write(
            long step,
            Map<String, Long> positions,
            Map<String, Long> logs,
            Map<String, String> logHashes,
            CheckpointWriter writer) {
        Path target = folder.resolve("step-" + step);
        if (Files.exists(target)) {
            throw new IllegalStateException(target + " is there already");
        }
        Path aside = folder.resolve(ASIDE + step + ".tmp");
        Checkpoint checkpoint =
                new Checkpoint(target, step, new TreeMap<>(positions), new TreeMap<>(logs), new TreeMap<>(logHashes));
        try {
            Files.createDirectory(aside);
            try {
                writer.write(aside);
                writeManifest(
                        aside,
                        new Manifest(
                                FORMAT,
                                step,
                                checkpoint.positions(),
                                checkpoint.logs(),
                                checkpoint.logHashes(),
                                hashes(aside)));
                Durable.syncTree(aside);
                Durable.rename(aside, target);
            } finally {
                if (Files.exists(aside)) {
                    Durable.deleteTree(aside);
                }
            }
            prune();
        } catch (IOException e) {
            throw Durable.refused("write checkpoint", target, e);
        }
        return checkpoint;
    }

    /** The steps that have a checkpoint, newest first. */
    public List<Long> steps() {
        try {
            return list(folder).stream()
                    .map(path -> FINISHED.matcher(path.getFileName().toString()))
                    .filter(Matcher::matches)
                    .map(matcher -> Long.parseLong(matcher.group(1)))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (IOException e) {
            throw Durable.refused("list", folder, e);
        }
    }

    /**
     * The newest checkpoint, after every byte of it was compared with its checksums; empty when there is none.
     *
     * @param hindrance says why a whole checkpoint cannot be continued, as the middle of a sentence; empty when it can
     * @throws UserError when the newest is damaged or hindered: it names the file, and the step to go back to
     */
    Optional<Checkpoint> latest(Function<Checkpoint, Optional<String>> hindrance) {
        List<Long> steps = steps();
        if (steps.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(verify(steps.get(0), hindrance));
        } catch (Damage damage) {
            throw new UserError(damage.getMessage() + "; " + remedy(steps, hindrance), damage);
        }
    }

    /**
     * The checkpoint of one step, compared in the same way; empty for step 0, where a run begins.
     *
     * @throws UserError when there is none of that step, or it is damaged
     */
    Optional<Checkpoint> at(long step, Function<Checkpoint, Optional<String>> hindrance) {
        if (step == 0) {
            return Optional.empty();
        }
        List<Long> steps = steps();
        if (!steps.contains(step)) {
            String there = steps.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
            throw new UserError("There is no checkpoint of step " + step + " in " + folder
                    + (steps.isEmpty() ? "" : ", only of " + there) + "; name one that is there, or 0 to begin again.");
        }
        try {
            return Optional.of(verify(step, hindrance));
        } catch (Damage damage) {
            throw new UserError(damage.getMessage() + "; " + remedy(steps, hindrance), damage);
        }
    }

    /**
     * The logs' lengths in the oldest checkpoint, as its manifest says without being verified; empty when there is no
     * checkpoint or it cannot be read.
     */
    Optional<SortedMap<String, Long>> logsOfTheOldest() {
        List<Long> steps = steps();
        if (steps.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(readManifest(folder.resolve("step-" + steps.get(steps.size() - 1)))
                    .logs());
        } catch (Damage damage) {
            return Optional.empty();
        }
    }

    /** Forgets the checkpoints after a step, the newest first. */
    void deleteAfter(long step) {
        try {
            for (long newer : steps()) {
                if (newer > step) {
                    delete(newer);
                }
            }
        } catch (IOException e) {
            throw Durable.refused("delete a checkpoint in", folder, e);
        }
    }

    private String remedy(List<Long> steps, Function<Checkpoint, Optional<String>> hindrance) {
        String command = "`flipside train " + folder.resolveSibling("config.yaml") + " --from-step ";
        for (long step : steps) {
            try {
                verify(step, hindrance);
                return command + step + "` goes back to " + folder.resolve("step-" + step)
                        + ", which is whole, and forgets what came after it.";
            } catch (Damage damage) {
                continue; // An older one may be whole.
            }
        }
        return "no checkpoint beside it can be continued either, and " + command + "0` begins the run again.";
    }

    private void prune() throws IOException {
        List<Long> steps = steps();
        for (long step : steps.subList(Math.min(saveTotalLimit, steps.size()), steps.size())) {
            delete(step);
        }
    }

    private void delete(long step) throws IOException {
        Path aside = folder.resolve(ASIDE + step + ".deleted");
        Durable.rename(folder.resolve("step-" + step), aside);
        Durable.deleteTree(aside);
    }

    private static List<FileHash> hashes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .sorted()
                    .map(file -> FileHash.ofFile(file, folder.relativize(file).toString()))
                    .toList();
        }
    }

    private static void writeManifest(Path folder, Manifest manifest) throws IOException {
        byte[] json = Json.pretty(manifest).getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve(MANIFEST), json);
        Files.writeString(folder.resolve(MANIFEST_HASH), FileHash.sha256(json) + "  " + MANIFEST + "\n");
    }

    private Checkpoint verify(long step, Function<Checkpoint, Optional<String>> hindrance) throws Damage {
        Path checkpoint = folder.resolve("step-" + step);
        Checkpoint whole;
        try {
            whole = verify(checkpoint, step);
        } catch (Damage damage) {
            throw new Damage("Checkpoint " + checkpoint + " is damaged: " + damage.getMessage());
        }
        Optional<String> reason = hindrance.apply(whole);
        if (reason.isPresent()) {
            throw new Damage("Checkpoint " + checkpoint + " cannot be continued: " + reason.get());
        }
        return whole;
    }

    private static Checkpoint verify(Path folder, long step) throws Damage {
        Manifest manifest = readManifest(folder);
        if (manifest.step() != step) {
            throw new Damage(MANIFEST + " is of step " + manifest.step() + ", so the folder was renamed");
        }
        for (FileHash expected : manifest.files()) {
            Path file = folder.resolve(expected.path());
            if (!Files.isRegularFile(file)) {
                throw new Damage(expected.path() + " is missing");
            }
            FileHash found = hash(file, expected.path());
            if (found.size() != expected.size()) {
                throw new Damage(expected.path() + " has " + found.size() + " bytes instead of " + expected.size());
            }
            if (!found.equals(expected)) {
                throw new Damage(expected.path() + " does not have the checksum in " + MANIFEST);
            }
        }
        return new Checkpoint(
                folder,
                step,
                manifest.positions(),
                manifest.logs(),
                Optional.ofNullable(manifest.logSha256()).orElseGet(TreeMap::new));
    }

    private static FileHash hash(Path file, String name) throws Damage {
        try {
            return FileHash.ofFile(file, name);
        } catch (UserError e) { // The disk itself may be what is damaged.
            throw new Damage(name + " cannot be read (" + e.getCause() + ")");
        }
    }

    private static Manifest readManifest(Path folder) throws Damage {
        Path file = folder.resolve(MANIFEST);
        Path hash = folder.resolve(MANIFEST_HASH);
        if (!Files.isRegularFile(file) || !Files.isRegularFile(hash)) {
            throw new Damage((Files.isRegularFile(file) ? MANIFEST_HASH : MANIFEST) + " is missing");
        }
        try {
            byte[] json = Files.readAllBytes(file);
            byte[] expected = (FileHash.sha256(json) + "  " + MANIFEST + "\n").getBytes(StandardCharsets.UTF_8);
            if (!Arrays.equals(expected, Files.readAllBytes(hash))) {
                throw new Damage(MANIFEST + " does not have the checksum in " + MANIFEST_HASH);
            }
            int format = Json.MAPPER.readTree(json).path("format").asInt();
            if (format != FORMAT && format != OLD_FORMAT) {
                throw new UserError(
                        file + ": format " + format + " is not known to this version of Flipside, which reads "
                                + OLD_FORMAT + " and " + FORMAT + "; resume with the version in provenance.json.");
            }
            return Json.MAPPER
                    .reader(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .forType(Manifest.class)
                    .readValue(json);
        } catch (IOException e) { // The disk itself may be what is damaged.
            throw new Damage(MANIFEST + " cannot be read (" + IoReason.of(e) + ")");
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.toList();
        }
    }

    /** Why a checkpoint cannot be used, as the middle of a sentence. */
    private static final class Damage extends Exception {
        private static final long serialVersionUID = 1L;

        Damage(String message) {
            super(message);
        }
    }
}
