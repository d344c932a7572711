package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.TestResources;
import dev.flipside.hub.TestHub;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * SIGKILL at named points and at random moments of every command that writes: what is continued or repeated afterwards
 * leaves the bytes of a command that nobody disturbed. {@code -Dflipside.faults.kills=N} is the number of random kills
 * of each command, {@code -Dflipside.faults.seed=S} their seed.
 */
@Tag("faults")
class KilledCommandsTest {
    private static final int RANDOM_KILLS = Integer.getInteger("flipside.faults.kills", 3);
    private static final long SEED = Long.getLong("flipside.faults.seed", System.nanoTime());

    @TempDir
    static Path folder;

    private static FaultWorld world;
    private static TestHub server;
    private static final Map<Case, String> TABLE = new LinkedHashMap<>();

    /** A command, and the names whose appearance in its folder are its points to be killed at. */
    enum Case {
        TRAIN("\\.step-2\\.tmp", "step-2", "\\.policy\\.new"),
        TRAIN_RM("metrics\\.jsonl", "\\.final\\.new"),
        COMPARE("final", "step-2"),
        EVAL_RM("pairs\\.part\\.jsonl"),
        EVAL_POLICY("answers\\.jsonl"),
        PULL(".*\\.incomplete"),
        MERGE("\\.merged\\.new"),
        IMPORT("\\.imported\\.importing");

        private final List<String> points;

        Case(String... points) {
            this.points = List.of(points);
        }
    }

    @BeforeAll
    static void write() throws IOException {
        world = FaultWorld.in(folder);
        server = new TestHub();
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
            files.put(name, Files.readAllBytes(world.policy().resolve(name)));
        }
        byte[] weights = new byte[24 << 20];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (byte) (i * 31 + (i >> 12));
        }
        files.put("model.safetensors", weights);
        server.commit("models/org/large", "main", files);
        System.out.println("kills: seed " + SEED);
    }

    @AfterAll
    static void print() {
        server.close();
        System.out.println("command | kills while running | equal bits | faults");
        TABLE.forEach((command, line) -> System.out.println(
                command.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + " | " + line));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsContinuedEqualsWhatNobodyDisturbed(Case command) throws IOException {
        SplittableRandom random = new SplittableRandom(SEED + command.ordinal());
        Durable.deleteTree(out());
        long began = System.nanoTime();
        ChildRun.End first = start(command, "undisturbed").end();
        long whole = System.nanoTime() - began;
        assertThat(first.code()).as(first.log()).isZero();
        Map<String, String> expected = Leftovers.in(out());
        assertThat(expected).isNotEmpty();

        int killed = 0;
        int equal = 0;
        List<String> faults = new ArrayList<>();
        List<String> points = new ArrayList<>(command.points);
        for (int i = 0; i < RANDOM_KILLS; i++) {
            points.add("");
        }
        for (String point : points) {
            Durable.deleteTree(out());
            ChildRun run = start(command, "killed");
            long at = System.nanoTime() + (long) (whole * random.nextDouble(0.3, 1));
            boolean running = point.isEmpty()
                    ? run.killWhen(() -> System.nanoTime() >= at)
                    : run.killWhen(() -> Leftovers.appeared(out(), Pattern.compile(point)));
            killed += running ? 1 : 0;
            String fault = continued(command, expected);
            equal += fault.isEmpty() && running ? 1 : 0;
            if (!fault.isEmpty()) {
                faults.add((point.isEmpty() ? "random" : point) + ": " + fault);
            }
        }
        System.out.println(
                command + ": " + killed + " kills while it ran, " + equal + " with equal bits, faults " + faults);
        TABLE.put(command, killed + " | " + equal + " | " + faults.size());
        assertThat(faults).isEmpty();
        assertThat(killed).as("kills before the end").isPositive();
    }

    /** Repeats a killed command as its user would; what went wrong, or nothing. */
    private static String continued(Case command, Map<String, String> expected) throws IOException {
        if (isFinished(command)) {
            return Leftovers.in(out()).equals(expected) ? "" : "the result is there, and is not whole";
        }
        ChildRun.End end = start(command, "again").end();
        if (command == Case.TRAIN_RM && end.code() == 2) {
            if (!end.log().contains("delete the folder")) {
                return "says: " + end.log();
            }
            Durable.deleteTree(out());
            end = start(command, "again").end();
        }
        if (end.code() != 0) {
            return "exit code " + end.code() + ": " + end.log();
        }
        Map<String, String> found = Leftovers.in(out());
        found.keySet().removeIf(name -> name.endsWith(".importing") || name.contains("/."));
        Map<String, String> wanted = new TreeMap<>(expected);
        wanted.keySet().removeIf(name -> name.contains("/."));
        if (!found.keySet().equals(wanted.keySet())) {
            return "files " + found.keySet() + " instead of " + wanted.keySet();
        }
        return wanted.keySet().stream()
                .filter(name -> !wanted.get(name).equals(found.get(name)))
                .findFirst()
                .map(name -> name + " differs")
                .orElse("");
    }

    /** Whether the kill came behind the result, which the command does not replace. */
    private static boolean isFinished(Case command) {
        return switch (command) {
            case MERGE, IMPORT -> Files.exists(result(command));
            case EVAL_RM -> {
                Path scores = out().resolve("scores");
                yield Files.exists(scores.resolve("pairs.jsonl")) && !Files.exists(scores.resolve("pairs.part.jsonl"));
            }
            default -> false;
        };
    }

    private static Path out() {
        return folder.resolve("out");
    }

    private static Path result(Case command) {
        return out().resolve(command == Case.MERGE ? "merged" : "imported");
    }

    private static ChildRun start(Case command, String purpose) throws IOException {
        Files.createDirectories(out());
        Map<String, String> environment = new TreeMap<>();
        if (command == Case.PULL) {
            environment.putAll(server.environment(out().resolve("hf")));
            environment.put("HF_HUB_OFFLINE", "0");
        }
        return ChildRun.start(
                folder.resolve(command + "-" + purpose + ".log"), environment, List.of(), arguments(command));
    }

    private static List<String> arguments(Case command) throws IOException {
        return switch (command) {
            case TRAIN -> world.train(out().resolve("run"));
            case TRAIN_RM -> world.trainRm(out().resolve("run"));
            case COMPARE -> world.compare(out().resolve("comparison"));
            case EVAL_RM -> world.evalRm(out().resolve("scores"));
            case EVAL_POLICY -> world.evalPolicy(out().resolve("answers"));
            case PULL -> List.of("pull", "org/large");
            case MERGE ->
                List.of("merge", world.adapter().toString(), result(command).toString());
            case IMPORT -> List.of("import", gguf().toString(), result(command).toString());
        };
    }

    private static Path gguf() {
        Path file = folder.resolve("qwen3.gguf");
        if (!Files.exists(file)) {
            TestResources.copy("gguf/qwen3.gguf", file);
        }
        return file;
    }
}
