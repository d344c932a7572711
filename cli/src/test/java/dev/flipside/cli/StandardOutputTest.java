package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flipside.cli.console.ResultStream;
import dev.flipside.cli.console.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Results that cannot be written: on a full disk one sentence and exit code 1, to a reader that has left silence and
 * exit code 141; the work ends either way.
 */
class StandardOutputTest {
    /** More than are generated at a time. */
    private static final int ROWS = 140;

    private static final String LOST =
            "standard output could not be written (No space left on device), so it does not hold"
                    + " all results; make room there, or send them elsewhere, and run this again.";

    @TempDir
    static Path folder;

    private static String model;
    private static String rewardModel;
    private static String input;

    @BeforeAll
    static void make() throws IOException {
        model = TinyModel.policy(folder.resolve("policy")).toString();
        rewardModel = TinyModel.rewardModel(Path.of(model), folder.resolve("reward-model"), 0.25)
                .toString();
        input = Files.writeString(
                        folder.resolve("rows.jsonl"),
                        IntStream.range(0, ROWS)
                                .mapToObj(id -> "{\"id\": " + id + ", \"prompt\": \"a\", \"completion\": \"b\"}\n")
                                .collect(Collectors.joining()))
                .toString();
    }

    /** A disk with room for so many bytes. */
    private static final class Disk extends OutputStream {
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private final int room;

        Disk(int room) {
            this.room = room;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            int fits = Math.min(count, room - written.size());
            written.write(bytes, from, fits);
            if (fits < count) {
                throw new IOException("No space left on device");
            }
        }
    }

    private static CommandRun run(Disk disk, String... args) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams = new Streams(
                new ByteArrayInputStream("hello\n".getBytes(StandardCharsets.UTF_8)),
                ResultStream.of(disk, "standard output"),
                err,
                0);
        int exitCode = Main.run(streams, args);
        return new CommandRun(
                exitCode, disk.written.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "--version",
                "help",
                "doctor --help",
                "doctor --json",
                "generate --quiet --model POLICY --input ROWS --max-completion-length 2",
                "generate --quiet --model POLICY --input ROWS --max-completion-length 2 --json",
                "generate --quiet --model POLICY --input ROWS --max-completion-length 2 --json --output FILE",
                "score --quiet --model REWARD --input ROWS",
                "score --quiet --model REWARD --input ROWS --json",
                "logprobs --quiet --model POLICY --input ROWS",
                "logprobs --quiet --model POLICY --input ROWS --json",
                "chat --quiet --model POLICY --max-completion-length 2",
                "chat --quiet --model POLICY --max-completion-length 2 --json",
                "data inspect ROWS --quiet",
            })
    void aFullDiskIsOneSentenceAndExitCodeOne(String line) {
        String[] args = line.replace("POLICY", model)
                .replace("REWARD", rewardModel)
                .replace("ROWS", input)
                .replace("FILE", folder.resolve("out.jsonl").toString())
                .split(" ");
        CommandRun run = run(new Disk(1), args);

        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("flipside: " + LOST + "\n");
        assertThat(run.out()).hasSize(1);
    }

    @Test
    void nothingMoreIsComputedOnceTheDiskIsFull() {
        String[] generate = {"generate", "--model", model, "--input", input, "--max-completion-length", "8"};
        Disk large = new Disk(Integer.MAX_VALUE);
        run(large, generate);
        // Full within the second chunk, however long the model's replies are.
        int room = large.written
                .toString(StandardCharsets.UTF_8)
                .lines()
                .limit(130)
                .mapToInt(line -> line.getBytes(StandardCharsets.UTF_8).length + 1)
                .sum();
        CommandRun run = run(new Disk(room), generate);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("128/140 rows").contains(LOST).doesNotContain("140/140");
    }

    @Test
    void aFileThatCannotTakeAllIsNamed() {
        assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");
        CommandRun run =
                CommandRun.of("logprobs", "--quiet", "--model", model, "--input", input, "--output", "/dev/full");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("flipside: " + LOST.replace("standard output", "/dev/full") + "\n");
    }

    /** The real descriptors, which no stream inside a test stands for. */
    @Test
    void aRealFullDeviceAndAClosedPipe() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");

        assertThat(process("--help >/dev/full")).isEqualTo(new CommandRun(1, "", "flipside: " + LOST + "\n"));
        assertThat(process("--help 1</dev/null"))
                .isEqualTo(new CommandRun(
                        1, "", "flipside: " + LOST.replace("No space left on device", "Bad file descriptor") + "\n"));
        // The reader is gone before Java starts.
        assertThat(process("--help | :; exit ${PIPESTATUS[0]}")).isEqualTo(new CommandRun(141, "", ""));
        assertThat(process("trian | :; exit ${PIPESTATUS[0]}").exitCode()).isEqualTo(2);
    }

    private static CommandRun process(String arguments) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(List.of(
                "bash",
                "-c",
                "\"$JAVA\" -XX:TieredStopAtLevel=1 -cp \"$CLASSES\" " + Main.class.getName() + " " + arguments));
        builder.environment().put("JAVA", java);
        builder.environment().put("CLASSES", System.getProperty("java.class.path"));
        builder.environment().put("LC_ALL", "C");
        builder.environment().keySet().removeIf(name -> name.matches("(JAVA|JDK)_.*"));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        int exitCode = builder.redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        return new CommandRun(exitCode, Files.readString(out), Files.readString(err));
    }
}
