package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
    private static final String CONFIG = "run:\n  seed: 1\n";

    @TempDir
    Path parent;

    private Path folder;

    @SuppressWarnings("ArrayRecordComponent") // Arrays are what samples hold, and records how they are written.
    private record Sample(int promptIndex, double[] rewardTerms, double anchor) {}

    @BeforeEach
    void nameTheFolder() {
        folder = parent.resolve("a/b");
    }

    @Test
    void aFreshRunDoesNotEnterANonEmptyFolder() throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("thesis.tex"), "");

        assertThatThrownBy(() -> RunDirectory.create(folder, CONFIG, RunSettings.of(1, true)))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "run.output_dir: " + folder
                                + " is not empty, and holds no run that could be resumed; empty it, or choose another run.output_dir.");
        assertThat(folder).isDirectoryContaining("glob:**/thesis.tex");
        assertThat(Files.exists(folder.resolve(RunLock.LOCK))).isFalse();
    }

    @Test
    void aFreshRunDoesNotReplaceAFile() throws IOException {
        Files.createDirectories(folder.getParent());
        Files.writeString(folder, "");
        assertThatThrownBy(() -> RunDirectory.create(folder, CONFIG, RunSettings.of(1, true)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is a file");
    }

    @Test
    void aProcessKilledBeforeItBeganLeavesTheFolderUsable() throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(RunLock.LOCK), "");
        Files.writeString(folder.resolve(RunLock.OWNER), "{\"pid\":1,\"started\":\"2020-01-01T00:00:00Z\"}");
        Files.writeString(folder.resolve(".config.yaml.tmp"), "run:");

        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            assertThat(run.config()).isEqualTo(CONFIG);
        }
    }

    @Test
    void thereIsNothingToResumeWhereNoRunWasBegun() {
        assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(1, true)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("Cannot resume " + folder)
                .hasMessageContaining("start without --resume");
    }

    @Test
    void twoRunsOfOneProcessDoNotShareAFolder() {
        try (RunDirectory first = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(1, true)))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("is being written by this process");
            first.metrics().log(0, Map.of("reward", 1.0));
        }
        RunDirectory.resume(folder, RunSettings.of(1, true)).close();
    }

    @Test
    void anotherProcessHoldsTheRunUntilItIsKilled() throws Exception {
        Process other = ChildJvm.start(HoldRun.class, folder.toString());
        try (var output = other.inputReader()) {
            assertThat(output.readLine()).isEqualTo("holding");
            assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(1, true)))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("is being written by the process " + other.pid() + " (started ");
        } finally {
            other.destroyForcibly().waitFor();
        }
        try (RunDirectory resumed = RunDirectory.resume(folder, RunSettings.of(1, true))) {
            assertThat(resumed.resumedFrom()).isEmpty();
        }
    }

    @Test
    void aResumedRunsLogsEqualAnUndisturbedOnes() throws IOException {
        Path undisturbed = parent.resolve("undisturbed");
        try (RunDirectory run = RunDirectory.create(undisturbed, CONFIG, RunSettings.of(2, true))) {
            steps(run, 0, 9);
        }
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(2, true))) {
            steps(run, 0, 8);
        }
        try (RunDirectory run = RunDirectory.resume(folder, RunSettings.of(2, true))) {
            Checkpoint from = run.resumedFrom().orElseThrow();
            assertThat(from.step()).isEqualTo(6);
            assertThat(from.positions()).containsExactly(Map.entry("optimizer_steps", 12L));
            steps(run, (int) from.step(), 9);
        }
        for (String file : List.of("metrics.jsonl", "samples.jsonl")) {
            assertThat(folder.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        assertThat(Files.size(folder.resolve(Metrics.EVENTS)))
                .isEqualTo(Files.size(undisturbed.resolve(Metrics.EVENTS)));
        assertThat(folder.resolve("checkpoints/step-9/state"))
                .hasSameBinaryContentAs(undisturbed.resolve("checkpoints/step-9/state"));
        assertThat(Files.readAllLines(folder.resolve("samples.jsonl")).get(1))
                .isEqualTo("{\"prompt_index\":1,\"reward_terms\":[0.5,null],\"anchor\":null}");
    }

    @Test
    void aRunWithoutACheckpointBeginsAgain() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            steps(run, 0, 2);
        }
        try (RunDirectory run = RunDirectory.resume(folder, RunSettings.of(1, true))) {
            assertThat(run.resumedFrom()).isEmpty();
            assertThat(run.samples().position()).isZero();
        }
        assertThat(folder.resolve("metrics.jsonl")).isEmptyFile();
    }

    @Test
    void aDamagedCheckpointChangesNothing() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            steps(run, 0, 4);
        }
        Files.writeString(folder.resolve("checkpoints/step-3/state"), "x");
        long before = Files.size(folder.resolve("metrics.jsonl"));

        for (int attempt = 0; attempt < 2; attempt++) { // The second would fail on the lock if the first had kept it.
            assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(1, true)))
                    .hasMessageContaining("state has 1 bytes");
        }
        assertThat(Files.size(folder.resolve("metrics.jsonl"))).isEqualTo(before);
    }

    @Test
    void aLogShorterThanItsCheckpointSaysIsAnError() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            steps(run, 0, 3);
        }
        Files.writeString(folder.resolve("samples.jsonl"), "{}\n");

        assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(1, true)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("samples.jsonl has 3 of the ")
                .hasMessageContaining("resume with logging.log_completions=false")
                .hasMessageContaining("--from-step 0` begins the run again");
    }

    @Test
    void whatIsInTheWayIsSaidWithWhatToDo() throws IOException {
        RunSettings once = RunSettings.once(false);
        RunDirectory.create(folder, CONFIG, once).close();
        assertThatThrownBy(() -> RunDirectory.create(folder, CONFIG, once))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(
                        "did not finish, which train-rm cannot continue; delete the folder to begin again")
                .hasMessageNotContaining("--resume");
        Files.createDirectory(folder.resolve("final"));
        assertThatThrownBy(() -> RunDirectory.create(folder, CONFIG, once))
                .hasMessageContaining("is finished, with its model in " + folder.resolve("final"));
        assertThatThrownBy(() -> RunDirectory.create(folder, CONFIG, RunSettings.of(1, false)))
                .hasMessageContaining("use --resume to continue the run in it");
    }

    @Test
    void anEmptyOwnerFileHindersNobody() throws IOException {
        RunDirectory.create(folder, CONFIG, RunSettings.of(1, true)).close();
        for (String torn : List.of("", "{\"pid\": 1", "null", "[]")) {
            Files.writeString(folder.resolve(RunLock.OWNER), torn);
            RunDirectory.resume(folder, RunSettings.of(1, true)).close();
        }
    }

    @Test
    void goingBackForgetsWhatCameAfter() throws IOException {
        Path undisturbed = parent.resolve("undisturbed");
        try (RunDirectory run = RunDirectory.create(undisturbed, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 9);
        }
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 9);
        }
        Files.writeString(folder.resolve("checkpoints/step-9/state"), "x");
        Files.writeString(folder.resolve("checkpoints/step-6/state"), "x");

        assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(3, true)))
                .hasMessageContaining("--from-step 3` goes back");
        assertThatThrownBy(() -> goBack(6)).hasMessageContaining("step-6 is damaged");
        try (RunDirectory run = goBack(3)) {
            assertThat(run.resumedFrom().orElseThrow().step()).isEqualTo(3);
            assertThat(run.checkpoints().steps()).containsExactly(3L);
            steps(run, 3, 9);
        }
        for (String file : List.of("metrics.jsonl", "samples.jsonl", "checkpoints/step-9/state")) {
            assertThat(folder.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        try (RunDirectory run = goBack(0)) {
            assertThat(run.resumedFrom()).isEmpty();
            assertThat(run.checkpoints().steps()).isEmpty();
            assertThat(folder.resolve("metrics.jsonl")).isEmptyFile();
        }
    }

    private RunDirectory goBack(long step) {
        return RunDirectory.resume(folder, RunSettings.of(3, true), OptionalLong.of(step), (config, from) -> {});
    }

    @Test
    void withoutAgreementNothingChanges() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 8);
        }
        long before = Files.size(folder.resolve("metrics.jsonl"));
        assertThatThrownBy(() ->
                        RunDirectory.resume(folder, RunSettings.of(3, true), OptionalLong.of(3), (config, from) -> {
                            assertThat(from.orElseThrow().step()).isEqualTo(3);
                            throw new UserError("another run");
                        }))
                .hasMessage("another run");
        assertThat(Files.size(folder.resolve("metrics.jsonl"))).isEqualTo(before);
        assertThat(folder.resolve("checkpoints/step-6")).isDirectory();
    }

    @Test
    void aChangedLogIsFoundAndTheCheckpointBeforeTheChangeNamed() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 9);
        }
        Path metrics = folder.resolve("metrics.jsonl");
        List<String> lines = new ArrayList<>(Files.readAllLines(metrics));
        lines.set(7, lines.get(7).replace("0.125", "0.925"));
        Files.write(metrics, lines);

        assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(3, true)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("step-9 cannot be continued: " + metrics + " was changed since: the SHA-256")
                .hasMessageContaining("--from-step 6` goes back");
        goBack(6).close();
    }

    @Test
    void samplesThatAreGoneHinderNoRunWithoutThem() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 3);
        }
        Files.delete(folder.resolve("samples.jsonl"));
        assertThatThrownBy(() -> RunDirectory.resume(folder, RunSettings.of(3, true)))
                .hasMessageContaining("resume with logging.log_completions=false");
        RunSettings without = new RunSettings(3, true, false, 0, true, DiskSpace.OF_THE_FILE_SYSTEM);
        try (RunDirectory run = RunDirectory.resume(folder, without)) {
            assertThat(run.resumedFrom()).isPresent();
            run.saveCheckpoint(4, Map.of(), aside -> {});
        }
        RunDirectory.resume(folder, RunSettings.of(3, true)).close();
    }

    @Test
    void aCheckpointWithoutTheLogsChecksumsIsRead() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(3, true))) {
            steps(run, 0, 3);
        }
        Path manifest = folder.resolve("checkpoints/step-3/manifest.json");
        String old = Files.readString(manifest)
                .replace("\"format\" : 2", "\"format\" : 1")
                .replaceAll("(?s) *\"log_sha256\" : \\{.*?},\n", "");
        assertThat(old).doesNotContain("log_sha256");
        Files.writeString(manifest, old);
        Files.writeString(
                manifest.resolveSibling("manifest.sha256"),
                FileHash.sha256(old.getBytes(StandardCharsets.UTF_8)) + "  manifest.json\n");
        RunDirectory.resume(folder, RunSettings.of(3, true)).close();
    }

    @Test
    void underALimitTheOldestSamplesAreDeletedAndAResumedRunHasTheSame() throws IOException {
        RunSettings limited = new RunSettings(2, false, true, 800, true, DiskSpace.OF_THE_FILE_SYSTEM);
        Path undisturbed = parent.resolve("undisturbed");
        try (RunDirectory run = RunDirectory.create(undisturbed, CONFIG, limited)) {
            steps(run, 0, 30);
        }
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, limited)) {
            steps(run, 0, 14);
        }
        try (RunDirectory run = RunDirectory.resume(folder, limited)) {
            assertThat(run.resumedFrom().orElseThrow().step()).isEqualTo(12);
            steps(run, 12, 30);
        }
        List<Path> kept = SampleFiles.files(undisturbed);
        assertThat(kept.get(0).getFileName()).hasToString("samples-7.jsonl");
        assertThat(Files.readAllLines(kept.get(kept.size() - 1)).get(0)).contains("\"prompt_index\":28");
        assertThat(SampleFiles.files(folder).stream().map(Path::getFileName))
                .isEqualTo(kept.stream().map(Path::getFileName).toList());
        for (Path file : kept) {
            assertThat(folder.resolve(file.getFileName())).hasSameBinaryContentAs(file);
        }
    }

    @Test
    void provenanceHoldsWhatRepeatsTheRun() throws IOException {
        Path data = Files.createDirectories(parent.resolve("data"));
        Files.writeString(data.resolve("b.jsonl"), "abc");
        Files.writeString(data.resolve("a.jsonl"), "");
        Provenance provenance =
                Provenance.ofThisProcess(Map.of("libtorch", "2.10.0"), Map.of("run", 17L), CONFIG, FileHash.of(data));
        try (RunDirectory run = RunDirectory.create(folder, CONFIG, RunSettings.of(1, true))) {
            run.record(provenance);
        }
        try (RunDirectory run = RunDirectory.resume(folder, RunSettings.of(1, true))) {
            run.record(provenance);
        }

        JsonNode written =
                Json.MAPPER.readTree(folder.resolve("provenance.json").toFile());
        assertThat(written.path("flipside").asText()).matches("\\d+\\.\\d+\\.\\d+.*");
        assertThat(written.path("commit").asText()).matches("unknown|[0-9a-f]{40}(-dirty)?");
        assertThat(written.path("java").asText()).contains(System.getProperty("java.version"));
        assertThat(written.at("/libraries/libtorch").asText()).isEqualTo("2.10.0");
        assertThat(written.at("/seeds/run").asLong()).isEqualTo(17);
        assertThat(written.path("config").asText()).isEqualTo(CONFIG);
        assertThat(written.at("/files/0/path").asText()).endsWith("a.jsonl");
        assertThat(written.at("/files/1/size").asLong()).isEqualTo(3);
        // FIPS 180-2, appendix B.1: the digest of "abc".
        assertThat(written.at("/files/1/sha256").asText())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(written.path("resumed")).hasSize(1);
        assertThat(written.at("/resumed/0/start_time").asText()).isEqualTo(provenance.startTime());
    }

    @Test
    void aMissingDataFileIsTheUsersError() {
        assertThatThrownBy(() -> FileHash.of(parent.resolve("none.jsonl")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("none.jsonl");
    }

    /** Steps of a pretended loop with a checkpoint after every third. */
    private static void steps(RunDirectory run, int from, int to) {
        for (int step = from; step < to; step++) {
            run.metrics().log(step, Map.of("reward", 1.0 / (step + 1)));
            run.samples().append(new Sample(step, new double[] {0.5, Double.NaN}, Double.POSITIVE_INFINITY));
            long finished = step + 1L;
            if (finished % 3 == 0) {
                run.saveCheckpoint(
                        finished,
                        Map.of("optimizer_steps", 2 * finished),
                        aside -> Files.writeString(aside.resolve("state"), "state " + finished));
            }
        }
    }

    /** Holds a run until it is killed. */
    static final class HoldRun {
        public static void main(String[] args) throws InterruptedException {
            RunDirectory.create(Path.of(args[0]), CONFIG, RunSettings.of(1, true));
            System.out.println("holding");
            Thread.sleep(60_000);
        }
    }
}
