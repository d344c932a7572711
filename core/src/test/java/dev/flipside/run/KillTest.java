package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at arbitrary moments of a process that does nothing but log and write checkpoints. */
@Timeout(60)
class KillTest {
    private static final int KILLS = 5;

    @TempDir
    Path parent;

    @Test
    void whereverItIsKilledTheRunResumesFromAWholeCheckpointWithMatchingLogs() throws Exception {
        Path folder = parent.resolve("run");
        long last = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Process writer = ChildJvm.start(WriteCheckpoints.class, folder.toString());
            long acknowledged = killAfterASave(writer, last, 37L * kill);
            try (RunDirectory run = RunDirectory.resume(folder, RunSettings.of(2, true))) {
                long step = run.resumedFrom().orElseThrow().step();
                // What was acknowledged is there; one more may have been renamed but not yet reported.
                assertThat(step).isBetween(acknowledged, acknowledged + 1);
                assertThat(Files.readAllLines(folder.resolve("metrics.jsonl"))).hasSize((int) step);
                assertThat(Files.readAllLines(folder.resolve("samples.jsonl"))).hasSize((int) step);
                last = step;
            }
        }
    }

    /**
     * Waits for one checkpoint and then {@code millis}, kills the process, and returns the last step that it reported
     * as saved.
     */
    private static long killAfterASave(Process writer, long resumedFrom, long millis) throws Exception {
        long saved;
        try (BufferedReader output = writer.inputReader()) {
            assertThat(output.readLine()).isEqualTo("resumed from " + resumedFrom);
            saved = Long.parseLong(output.readLine());
            Thread.sleep(millis);
            writer.toHandle().destroyForcibly(); // Process.destroyForcibly would close the output, too.
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                saved = Long.parseLong(line);
            }
        } finally {
            writer.destroyForcibly().waitFor();
        }
        return saved;
    }

    /** A run without training: resumes if it can, then logs and saves each step until it is killed. */
    static final class WriteCheckpoints {
        public static void main(String[] args) {
            Path folder = Path.of(args[0]);
            try (RunDirectory run = Files.exists(folder)
                    ? RunDirectory.resume(folder, RunSettings.of(2, true))
                    : RunDirectory.create(folder, "run:\n", RunSettings.of(2, true))) {
                Optional<Checkpoint> from = run.resumedFrom();
                long start = from.map(Checkpoint::step).orElse(0L);
                System.out.println("resumed from " + start);
                for (long step = start; step < Long.MAX_VALUE; step++) {
                    run.metrics().log(step, Map.of("reward", 1.0));
                    run.samples().append(Map.of("step", step));
                    run.saveCheckpoint(step + 1, Map.of(), aside -> Files.write(aside.resolve("w"), new byte[200_000]));
                    System.out.println(step + 1);
                }
            }
        }
    }
}
