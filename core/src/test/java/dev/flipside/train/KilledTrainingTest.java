package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SIGKILL in the middle of a training: what is resumed ends in the bytes of the run that nobody disturbed. */
@Tag("slow")
class KilledTrainingTest {
    private static final String[] OPTIONS = {"run.max_steps=16", "run.save_steps=7", "save.update_every=2"};

    @TempDir
    static Path folder;

    private static Path undisturbed;

    @BeforeAll
    static void runUndisturbed() throws IOException {
        StoriesRun.prepare(folder);
        undisturbed = new SaveTrainer(StoriesRun.config(folder, "undisturbed", OPTIONS))
                .run()
                .folder();
    }

    /** Before the first checkpoint, between checkpoints, after the last. */
    @ParameterizedTest
    @CsvSource({"generate 10, 20", "rm_update 12, 30", "policy_update 11, 10", "score 4, 0", "policy_update 16, 5"})
    void inAPhase(String line, long milliseconds) throws Exception {
        String name = line.replace(' ', '-');
        Process run = start(name);
        try (BufferedReader output = run.inputReader()) {
            String at = output.readLine();
            while (at != null && !at.equals(line)) {
                at = output.readLine();
            }
            assertThat(at).as("the run reached " + line).isEqualTo(line);
            Thread.sleep(milliseconds);
        } finally {
            kill(run);
        }
        resumeAndCompare(name);
    }

    /** While the checkpoint is written aside, and as soon as it is renamed. */
    @ParameterizedTest
    @CsvSource({".step-14.tmp", "step-14", ".step-16.tmp"})
    void inACheckpoint(String appears) throws Exception {
        String name = "checkpoint" + appears;
        Process run = start(name);
        Path awaited = folder.resolve(name).resolve("checkpoints").resolve(appears);
        try {
            while (!Files.exists(awaited) && run.isAlive()) {
                Thread.onSpinWait();
            }
        } finally {
            kill(run);
        }
        assertThat(run.exitValue()).as("killed, not finished").isEqualTo(137);
        resumeAndCompare(name);
    }

    @Test
    void anywhere() throws Exception {
        Process run = start("anywhere");
        try (BufferedReader output = run.inputReader()) {
            int lines = new SplittableRandom().nextInt(1, 60);
            for (int i = 0; i < lines; i++) {
                output.readLine();
            }
        } finally {
            kill(run);
        }
        resumeAndCompare("anywhere");
    }

    private static void resumeAndCompare(String name) {
        assertThat(folder.resolve(name).resolve("policy")).doesNotExist();
        String[] resume = java.util.Arrays.copyOf(OPTIONS, OPTIONS.length + 1);
        resume[OPTIONS.length] = "run.resume=true";
        TrainingResult result = new SaveTrainer(StoriesRun.config(folder, name, resume)).run();
        assertThat(result.completed()).isTrue();
        RunFiles.assertSameResult(folder.resolve(name), undisturbed);
    }

    private static Process start(String name) throws IOException {
        return new ProcessBuilder(StoriesRun.command(folder, name, OPTIONS))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static void kill(Process run) throws InterruptedException {
        run.toHandle().destroyForcibly();
        run.waitFor();
    }
}
