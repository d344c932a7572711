package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a disk, a neighbour or a machine can do to a run: each is told in one sentence, without a crash, and what the
 * run had written goes on to the bytes of a run that nobody disturbed. {@code -Dflipside.faults.seed=S} draws the
 * flipped bits.
 */
@Tag("faults")
class RunFaultsTest {
    private static final long SEED = Long.getLong("flipside.faults.seed", System.nanoTime());
    private static final int BITS_PER_FILE = 4;

    @TempDir
    static Path folder;

    private static FaultWorld world;
    private static Path disk;
    private static Map<String, String> undisturbed;
    private static final Map<String, String> TABLE = new TreeMap<>();

    @BeforeAll
    static void runUndisturbed() throws IOException {
        world = FaultWorld.in(folder);
        disk = Files.createDirectories(folder.resolve("disk"));
        assertThat(train().code()).isZero();
        undisturbed = Leftovers.in(run());
        Durable.deleteTree(run());
        System.out.println("faults: seed " + SEED);
    }

    @AfterAll
    static void print() {
        System.out.println("fault | what came of it");
        TABLE.forEach((fault, came) -> System.out.println(fault + " | " + came));
    }

    @AfterEach
    void clean() throws IOException {
        shell("mountpoint -q " + disk + " && umount -l " + disk);
        Durable.deleteTree(run());
    }

    private static Path run() {
        return disk.resolve("run");
    }

    private static ChildRun.End train(String... more) throws IOException {
        return start(List.of(), more).end();
    }

    private static ChildRun start(List<String> jvm, String... more) throws IOException {
        return ChildRun.start(folder.resolve("train.log"), Map.of(), jvm, world.train(run(), more));
    }

    private static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static int shell(String command) throws IOException {
        try {
            Process process = new ProcessBuilder("bash", "-c", command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void mount(String size) throws IOException {
        assumeTrue(
                shell("mount -t tmpfs -o size=" + size + " tmpfs " + disk) == 0,
                "no file system of a chosen size can be mounted here");
    }

    private static void assertSentence(String fault, ChildRun.End end, String... expected) {
        assertThat(end.code()).as(end.log()).isEqualTo(2);
        assertThat(end.log()).doesNotContain("\tat ").doesNotContain("SIGSEGV");
        String sentence = end.log().lines().reduce((a, b) -> b).orElseThrow();
        assertThat(sentence).startsWith("flipside: ").contains(expected);
        TABLE.put(fault, "exit code 2: " + sentence.replace(folder.toString(), ""));
    }

    private static void assertContinues(String... more) throws IOException {
        ChildRun.End end = train(more);
        assertThat(end.code()).as(end.log()).isZero();
        Map<String, String> found = Leftovers.in(run());
        undisturbed.forEach(
                (name, content) -> assertThat(found.get(name)).as(name).isEqualTo(content));
    }

    /** There is room for the logs, not for a checkpoint beside them. */
    @Test
    void aSmallDisk() throws IOException {
        mount("64m");
        Path filler = disk.resolve("filler");
        shell("head -c 58m /dev/zero > " + filler);
        ChildRun.End end = train();
        assertThat(end.log()).contains("step 4: no checkpoint was written: it takes ", "there is none yet");
        assertSentence("disk too small for checkpoints", end, "was not written: it takes ", " MB free");
        Files.delete(filler);
        assertContinues();
    }

    @Test
    void aDiskThatFillsUpUnderTheLogs() throws IOException {
        mount("64m");
        ChildRun run = start(List.of());
        Path metrics = run().resolve("checkpoints/step-2");
        while (!Files.exists(metrics) && run.process().isAlive()) {
            pause();
        }
        shell("head -c 80m /dev/zero > " + disk.resolve("filler"));
        assertSentence("disk full under the logs", run.end(), "No space left on device");
        Files.delete(disk.resolve("filler"));
        assertContinues();
    }

    @Test
    void aReadOnlyDisk() throws IOException {
        mount("64m");
        shell("mount -o remount,ro " + disk);
        assertSentence("read-only folder", train(), "Read-only file system");
        shell("mount -o remount,rw " + disk);
        assertContinues();
    }

    @Test
    void aFolderThatIsDeletedUnderTheRun() throws IOException {
        ChildRun run = start(List.of(), "run.max_steps=400", "run.save_steps=2");
        while (!Files.exists(run().resolve("checkpoints/step-2"))
                && run.process().isAlive()) {
            pause();
        }
        shell("rm -rf " + run());
        assertSentence("folder deleted under the run", run.end(), "NoSuchFileException");
        Durable.deleteTree(run());
        assertContinues();
    }

    @Test
    void twoProcessesInAFolder() throws IOException {
        ChildRun first = start(List.of(), "run.max_steps=400");
        while (!Files.exists(run().resolve("metrics.jsonl")) && first.process().isAlive()) {
            pause();
        }
        ChildRun.End second = ChildRun.start(
                        folder.resolve("second.log"), Map.of(), List.of(), world.train(run(), "run.max_steps=400"))
                .end();
        first.killWhen(() -> true);
        assertSentence(
                "two processes in a folder",
                second,
                "is being written by the process " + first.process().pid());
    }

    /** What does not fit is told; what was saved goes on where there is more. */
    @Test
    void littleMemory() throws IOException {
        ChildRun.End tiny = start(List.of("-Xmx12m")).end();
        assertThat(tiny.code()).as(tiny.log()).isIn(1, 2, 3);
        assertThat(tiny.log()).doesNotContain("SIGSEGV");
        TABLE.put(
                "heap of 12 MB",
                "exit code " + tiny.code() + ": "
                        + tiny.log().lines().reduce((a, b) -> b).orElse(""));
        assertContinues();
    }

    /**
     * Every file of a checkpoint and of the run beside it, with one bit flipped, several times: noticed, or without
     * effect on what the run comes to.
     */
    @Test
    void aFlippedBitInAnyFile() throws IOException {
        assertThat(train("run.max_steps=4", "run.save_steps=2").code()).isZero();
        Durable.deleteTree(run().resolve("policy"));
        Durable.deleteTree(run().resolve("reward_model"));
        SplittableRandom random = new SplittableRandom(SEED);
        int flips = 0;
        int noticed = 0;
        List<String> silent = new ArrayList<>();
        for (Path file : files(run())) {
            byte[] whole = Files.readAllBytes(file);
            for (int i = 0; i < BITS_PER_FILE && whole.length > 0; i++) {
                byte[] flipped = whole.clone();
                int at = random.nextInt(whole.length);
                flipped[at] ^= (byte) (1 << random.nextInt(8));
                Files.write(file, flipped, StandardOpenOption.TRUNCATE_EXISTING);
                CommandRun resumed = CommandRun.of(world.train(run(), "run.max_steps=4", "run.save_steps=2")
                        .toArray(String[]::new));
                flips++;
                if (resumed.exitCode() == 2) {
                    noticed++;
                } else {
                    assertThat(resumed.exitCode())
                            .as(file + " byte " + at + ": " + resumed.err())
                            .isZero();
                    silent.add(run().relativize(file) + "");
                    // The newest checkpoint is that of the last step: its models are exported again.
                    Durable.deleteTree(run().resolve("policy"));
                    Durable.deleteTree(run().resolve("reward_model"));
                }
                Files.write(file, whole);
            }
        }
        TABLE.put(
                "flipped bits",
                flips + " flips, " + noticed + " noticed, without effect in " + new java.util.TreeSet<>(silent));
        assertThat(silent).noneMatch(name -> name.startsWith("checkpoints/step-4/") || name.endsWith(".jsonl"));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
