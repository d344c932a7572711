package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.engine.Ranked;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * SIGKILL of one of two ranks: the other ends soon and names it, and what is resumed ends in the bytes of the run that
 * nobody disturbed.
 */
@Tag("slow")
class KilledRanksTest {
    private static final String[] OPTIONS = {"run.max_steps=10", "run.save_steps=3"};
    private static final long SECONDS_TO_END = 30;

    @TempDir
    static Path folder;

    private static Path undisturbed;

    @BeforeAll
    static void runUndisturbed() throws Exception {
        StoriesRun.prepare(folder);
        List<Process> ranks = start("undisturbed", OPTIONS);
        for (Process rank : ranks) {
            assertThat(lastLine(rank)).doesNotStartWith("peer:");
            assertThat(rank.waitFor()).isZero();
        }
        undisturbed = folder.resolve("undisturbed");
    }

    /** In sampling, in the update of either model with its exchange of gradients, and in a checkpoint. */
    @ParameterizedTest
    @CsvSource({
        "1, generate 5, 5",
        "0, generate 8, 5",
        "1, rm_update 5, 10",
        "0, rm_update 7, 10",
        "1, policy_update 5, 15",
        "0, policy_update 4, 15",
        "1, checkpoint 6, 0",
        "0, checkpoint 6, 10"
    })
    void theOtherRankEndsAndTheRunGoesOn(int victim, String line, long milliseconds) throws Exception {
        String name = "killed-" + victim + "-" + line.replace(' ', '-');
        List<Process> ranks = start(name, OPTIONS);
        Process other = ranks.get(1 - victim);
        try (BufferedReader output = ranks.get(victim).inputReader()) {
            String at = output.readLine();
            while (at != null && !at.equals(line)) {
                at = output.readLine();
            }
            assertThat(at).as("the run reached " + line).isEqualTo(line);
            Thread.sleep(milliseconds);
            ranks.get(victim).toHandle().destroyForcibly();
            long began = System.nanoTime();
            assertThat(lastLine(other)).isIn(sentences(victim));
            assertThat(other.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)).isTrue();
            assertThat(other.exitValue()).isEqualTo(1);
            assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began))
                    .isLessThan(SECONDS_TO_END);
        } finally {
            ranks.forEach(rank -> rank.toHandle().destroyForcibly());
        }
        assertThat(folder.resolve(name).resolve("policy")).doesNotExist();
        String[] resume = java.util.Arrays.copyOf(OPTIONS, OPTIONS.length + 1);
        resume[OPTIONS.length] = "run.resume=true";
        for (Process rank : start(name, resume)) {
            assertThat(lastLine(rank)).doesNotStartWith("peer:");
            assertThat(rank.waitFor()).isZero();
        }
        RunFiles.assertSameResult(folder.resolve(name), undisturbed);
    }

    private static List<String> sentences(int gone) {
        List<String> sentences = new ArrayList<>();
        for (String what : List.of("gathering numbers", "summing gradients", "sharing weights", "collecting moments")) {
            sentences.add("peer: rank " + gone + " is gone (its process or its machine ended); this rank, " + (1 - gone)
                    + " of 2, stopped in " + what + ".");
        }
        return sentences;
    }

    private static String lastLine(Process rank) throws IOException {
        String last = "";
        try (BufferedReader output = rank.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                last = line;
            }
        }
        return last;
    }

    private static List<Process> start(String name, String... options) throws IOException {
        int port = Ranked.freePort();
        List<Process> ranks = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            ProcessBuilder builder = new ProcessBuilder(StoriesRun.command(folder, name, options));
            builder.environment()
                    .putAll(Map.of(
                            "RANK", Integer.toString(rank),
                            "WORLD_SIZE", "2",
                            "MASTER_ADDR", "127.0.0.1",
                            "MASTER_PORT", Integer.toString(port),
                            "TORCH_CPP_LOG_LEVEL", "FATAL"));
            ranks.add(builder.redirectError(
                            Files.createTempFile(folder, name, ".err").toFile())
                    .start());
        }
        return ranks;
    }
}
