package dev.flipside.compare;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.ResumedConfig;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import dev.flipside.run.FileHash;
import dev.flipside.run.Json;
import dev.flipside.run.Provenance;
import dev.flipside.run.RunLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A comparison's folder, written by one process at a time: {@code comparison.yaml} and {@code registration.json} before
 * the first run, one folder per seed with a run per arm in it, {@code results.json} and {@code report.html} at the end.
 *
 * <p>What is registered does not change any more: a comparison with another question, or with other base files, is
 * refused.
 */
public final class ComparisonDirectory implements AutoCloseable {
    private static final String CONFIG = "comparison.yaml";
    private static final String REGISTRATION = "registration.json";
    private static final String RESULTS = "results.json";
    private static final String REPORT = "report.html";

    private final Path folder;
    private final RunLock lock;

    private ComparisonDirectory(Path folder, RunLock lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * Takes the folder for this process; made with its parents when it is not there. Nothing is registered yet.
     *
     * @throws UserError when another process has it, or what is registered there is another comparison
     */
    public static ComparisonDirectory open(Path folder, ComparisonConfig config) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Durable.refused("create", folder, e);
        }
        RunLock lock = RunLock.acquire(folder);
        try {
            if (holdsComparison(folder)) {
                Registration registered = read(folder);
                ResumedConfig.requireSame(folder.resolve(CONFIG), config);
                registered.requireFilesUnchanged();
            }
            return new ComparisonDirectory(folder, lock);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Whether a comparison has been registered in a folder. */
    public static boolean holdsComparison(Path folder) {
        return Files.isRegularFile(folder.resolve(REGISTRATION)) && Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Reads a registration.
     *
     * @throws UserError when there is none, or {@code comparison.yaml} is not what was registered
     */
    public static Registration read(Path folder) {
        Path config = folder.resolve(CONFIG);
        Path registration = folder.resolve(REGISTRATION);
        try {
            JsonNode entries = Json.MAPPER.readTree(Files.readString(registration));
            String hash = FileHash.sha256(Files.readAllBytes(config));
            if (!hash.equals(entries.path("config_sha256").asText())) {
                throw new UserError(config
                        + " is not what was registered before the first run (its SHA-256 differs from "
                        + registration.getFileName() + "); restore it, or begin a new comparison in another folder.");
            }
            return new Registration(folder, ConfigReader.comparison(config, List.of()), entries);
        } catch (IOException e) {
            throw new UserError(
                    folder + " holds no comparison that can be read (" + e
                            + "); name the folder that flipside compare wrote.",
                    e);
        }
    }

    /**
     * Writes down the question before anything runs; keeps what is written when it is.
     *
     * @param files of the base, whose content belongs to the question
     */
    public void register(ComparisonConfig config, List<Path> files) {
        if (holdsComparison(folder)) {
            return;
        }
        String yaml = ConfigReader.write(config);
        Provenance provenance = Provenance.ofThisProcess(
                Map.of(),
                Map.of(),
                "",
                files.stream().map(FileHash::of).flatMap(List::stream).toList());
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("registered", provenance.startTime());
        entries.put("criterion", config.comparison().criterion());
        entries.put("detectable_effect", config.comparison().detectableEffect().orElseThrow());
        entries.put("config_sha256", FileHash.sha256(yaml.getBytes(StandardCharsets.UTF_8)));
        entries.put("files", provenance.files());
        entries.put("flipside", provenance.flipside());
        entries.put("commit", provenance.commit());
        entries.put("java", provenance.java());
        entries.put("os", provenance.os());
        write(CONFIG, yaml);
        write(REGISTRATION, Json.pretty(entries));
    }

    /** Where one seed's data, models and runs are. */
    public static Path seed(Path folder, long seed) {
        return folder.resolve("seed-" + seed);
    }

    /** The run of an arm. */
    public static Path run(Path folder, long seed, String arm) {
        return seed(folder, seed).resolve(arm);
    }

    /** What the judge said of an arm's final policy. */
    public static Path judgement(Path folder, long seed, String arm) {
        return seed(folder, seed).resolve(arm + ".judge.json");
    }

    /** The mean reward that the judge gave an arm's final policy; empty before it was asked. */
    public static Optional<Double> judged(Path folder, long seed, String arm) {
        Path file = judgement(folder, seed, arm);
        try {
            return Files.isRegularFile(file)
                    ? Optional.of(Json.MAPPER
                            .readTree(Files.readString(file))
                            .path("mean")
                            .asDouble(Double.NaN))
                    : Optional.empty();
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    /** Writes {@code results.json} and returns its path. */
    public Path writeResults(Map<String, ?> results) {
        return write(RESULTS, Json.pretty(results));
    }

    /** Writes what the judge said. */
    public static void writeJudgement(Path folder, long seed, String arm, Object judgement) {
        Path file = judgement(folder, seed, arm);
        try {
            Durable.write(file, Json.pretty(judgement));
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    /** Where the report belongs. */
    public Path report() {
        return folder.resolve(REPORT);
    }

    public Path folder() {
        return folder;
    }

    @Override
    public void close() {
        lock.close();
    }

    private Path write(String name, String text) {
        Path file = folder.resolve(name);
        try {
            Durable.write(file, text);
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
        return file;
    }
}
