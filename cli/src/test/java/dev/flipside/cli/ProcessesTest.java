package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings in several processes, as a user starts, stops and loses them. */
class ProcessesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void prepare() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            lines.add("{\"prompt\": \"The cat saw a red ball.\", \"chosen\": \" It was happy and had fun " + i
                    + ".\", \"rejected\": \" The the the " + i + ".\"}");
        }
        Files.write(folder.resolve("pairs.jsonl"), lines);
        Files.writeString(
                folder.resolve("rm.yaml"),
                "run: {output_dir: " + folder.resolve("rm") + ", device: cpu}\n"
                        + "reward_model: {model: " + SharedFiles.require("models/stories260k") + "}\n"
                        + "data: {preferences: " + folder.resolve("pairs.jsonl") + "}\n"
                        + "training: {max_steps: 3, train_batch_size: 8, tensorboard: false}\n");
    }

    private String file() {
        return folder.resolve("rm.yaml").toString();
    }

    @Test
    void twoProcessesTrainAndOneSpeaks() {
        CommandRun run =
                CommandRun.of("train-rm", file(), "--processes", "2", "--json").succeeded();
        assertThat(run.json().path("steps").asInt()).isEqualTo(3);
        assertThat(folder.resolve("rm/final/model.safetensors")).exists();
        assertThat(run.err().lines().filter(line -> line.startsWith("step 1/3")))
                .hasSize(1);
        assertThat(run.err()).doesNotContain("[1] ");
    }

    @Test
    @Tag("slow")
    void anErrorOfAllIsToldAndEndsAll() {
        CommandRun run = CommandRun.of("train-rm", file(), "training.train_batch_size=1", "--processes", "2");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .contains(
                        "flipside: training.train_batch_size: a step has 1 pairs, fewer than the 2 ranks; start fewer processes, or raise it.");
    }

    @Test
    void anEnvironmentThatDoesNotFitIsRefused() {
        CommandRun run = CommandRun.with(Map.of("WORLD_SIZE", "2", "RANK", "0"), "", "train-rm", file());
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo(
                        "flipside: WORLD_SIZE is set in the environment, but MASTER_ADDR, MASTER_PORT are not; set all of RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as torchrun does, or unset them to train in one process.\n");
        assertThat(CommandRun.of("train-rm", file(), "--processes", "0").err())
                .contains("--processes is 0, it must be from 1 to 1024");
    }

    /** The process that the user started stands for all: TERM stops them after the step, and the model is saved. */
    @Test
    @Tag("slow")
    void stoppedTogether() throws Exception {
        ChildRun run = start("training.max_steps=100000");
        awaitLog(run, " 2/100000 ");
        run.process().destroy();
        ChildRun.End end = run.end();
        assertThat(end.log()).contains("SIGTERM: finishing step");
        assertThat(end.code()).as(end.log()).isZero();
        assertThat(folder.resolve("rm/final/model.safetensors")).exists();
        assertThat(end.log()).doesNotContain("[1] ");
    }

    /** A rank that is killed, and a parent that is: nobody is left behind. */
    @ParameterizedTest
    @Tag("slow")
    @ValueSource(ints = {0, 1, -1})
    void noneIsLeftBehind(int victim) throws Exception {
        ChildRun run = start("training.max_steps=100000");
        awaitLog(run, " 2/100000 ");
        List<ProcessHandle> ranks = run.process().toHandle().children().toList();
        assertThat(ranks).hasSize(2);
        ProcessHandle killed = victim < 0
                ? run.process().toHandle()
                : ranks.stream()
                        .sorted(java.util.Comparator.comparing(ProcessHandle::pid))
                        .toList()
                        .get(victim);
        long began = System.nanoTime();
        killed.destroyForcibly();
        ChildRun.End end = run.end();
        for (ProcessHandle rank : ranks) {
            rank.onExit().get(30, TimeUnit.SECONDS);
        }
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began)).isLessThan(30);
        if (victim >= 0) {
            assertThat(end.code()).isEqualTo(1);
            assertThat(end.log())
                    .contains("flipside: rank " + victim + " is gone (its process or its machine ended); this rank, "
                            + (1 - victim) + " of 2, stopped in ")
                    .contains("flipside: rank " + victim + " of 2 was ended by signal 9, so all ranks have ended.")
                    .doesNotContain("Exception");
        }
    }

    private ChildRun start(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("train-rm", file(), "--processes", "2"));
        arguments.addAll(List.of(more));
        return ChildRun.start(folder.resolve("log"), Map.of(), List.of(), arguments);
    }

    private static void awaitLog(ChildRun run, String text) throws Exception {
        while (run.process().isAlive() && !Files.readString(run.log()).contains(text)) {
            Thread.sleep(20);
        }
        assertThat(Files.readString(run.log())).contains(text);
    }
}
