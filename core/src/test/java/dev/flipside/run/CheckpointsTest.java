package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
    private static final Map<String, Long> POSITIONS = Map.of("round", 2L, "optimizer_steps", 14L);
    private static final Map<String, Long> LOGS = Map.of("metrics.jsonl", 321L);

    private static final Map<String, String> HASHES = Map.of("metrics.jsonl", "ab12");
    private static final Function<Checkpoint, Optional<String>> WHOLE = checkpoint -> Optional.empty();

    @TempDir
    Path folder;

    @Test
    void givesBackWhatWasWritten() throws IOException {
        Checkpoint written = write(open(3), 7);

        Checkpoint found = open(3).latest(WHOLE).orElseThrow();
        assertThat(found).isEqualTo(written);
        assertThat(found.step()).isEqualTo(7);
        assertThat(found.positions()).isEqualTo(POSITIONS);
        assertThat(found.logs()).isEqualTo(LOGS);
        assertThat(Files.readAllBytes(found.folder().resolve("policy/model.safetensors")))
                .isEqualTo(content(7));
    }

    @Test
    void thereIsNoneInANewRun() {
        assertThat(open(1).latest(WHOLE)).isEmpty();
    }

    @Test
    void theManifestSatisfiesSha256sum() throws Exception {
        Path checkpoint = write(open(1), 7).folder();

        Process sha256sum = new ProcessBuilder("sha256sum", "-c", "--status", "manifest.sha256")
                .directory(checkpoint.toFile())
                .start();
        assertThat(sha256sum.waitFor()).isZero();
    }

    @Test
    void keepsTheNewestUpToTheLimit() throws IOException {
        Checkpoints checkpoints = open(2);
        for (long step : new long[] {7, 14, 100, 21}) {
            write(checkpoints, step);
        }
        assertThat(checkpoints.steps()).containsExactly(100L, 21L);
        assertThat(names()).containsExactlyInAnyOrder("step-100", "step-21");
    }

    @Test
    void aLimitOfOneNeverLeavesNone() {
        Checkpoints checkpoints = open(1);
        write(checkpoints, 7);
        // While the next one is written the one before it must still be there.
        checkpoints.write(14, POSITIONS, LOGS, HASHES, aside -> {
            assertThat(checkpoints.latest(WHOLE).orElseThrow().step()).isEqualTo(7);
            assertThat(checkpoints.steps()).containsExactly(7L);
        });
        assertThat(checkpoints.steps()).containsExactly(14L);
    }

    @Test
    void ignoresAndRemovesWhatAKilledWriterLeft() throws IOException {
        write(open(3), 7);
        Files.createDirectories(folder.resolve(".step-14.tmp/policy"));
        Files.write(folder.resolve(".step-14.tmp/policy/model.safetensors"), new byte[10]);
        Files.createDirectories(folder.resolve(".step-0.deleted"));
        Files.createDirectories(folder.resolve("notes-of-the-user"));

        Checkpoints reopened = open(3);
        assertThat(reopened.latest(WHOLE).orElseThrow().step()).isEqualTo(7);
        assertThat(names()).containsExactlyInAnyOrder("step-7", "notes-of-the-user");
        assertThat(write(reopened, 14).step()).isEqualTo(14);
    }

    @Test
    void aWriterThatFailsLeavesTheFolderAsItWas() throws IOException {
        Checkpoints checkpoints = open(3);
        write(checkpoints, 7);

        assertThatThrownBy(() -> checkpoints.write(14, POSITIONS, LOGS, HASHES, aside -> {
                    Files.write(aside.resolve("half"), new byte[5]);
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("step-14")
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("check the free space");
        assertThat(names()).containsExactly("step-7");
    }

    @Test
    void doesNotOverwriteACheckpoint() {
        Checkpoints checkpoints = open(3);
        write(checkpoints, 7);
        assertThatThrownBy(() -> write(checkpoints, 7)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aFlippedBitIsFoundAndTheEarlierCheckpointNamed() throws IOException {
        Checkpoints checkpoints = open(3);
        write(checkpoints, 7);
        Path damaged = write(checkpoints, 14).folder();
        Path file = damaged.resolve("policy/model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> checkpoints.latest(WHOLE))
                .isInstanceOf(UserError.class)
                .hasMessage("Checkpoint " + damaged
                        + " is damaged: policy/model.safetensors does not have the checksum in manifest.json; `flipside train "
                        + folder.resolveSibling("config.yaml") + " --from-step 7` goes back to "
                        + folder.resolve("step-7") + ", which is whole, and forgets what came after it.");
        assertThat(checkpoints.at(7, WHOLE).orElseThrow().step()).isEqualTo(7);
        assertThat(checkpoints.at(0, WHOLE)).isEmpty();
        assertThatThrownBy(() -> checkpoints.at(14, WHOLE)).hasMessageContaining("--from-step 7`");
        assertThatThrownBy(() -> checkpoints.at(9, WHOLE))
                .isInstanceOf(UserError.class)
                .hasMessage("There is no checkpoint of step 9 in " + folder
                        + ", only of 7, 14; name one that is there, or 0 to begin again.");

        checkpoints.deleteAfter(7);
        assertThat(checkpoints.latest(WHOLE).orElseThrow().step()).isEqualTo(7);
    }

    @Test
    void aShortenedFileIsFound() throws IOException {
        Path damaged = write(open(3), 7).folder();
        Path file = damaged.resolve("policy/model.safetensors");
        Files.write(file, new byte[3]);

        assertThatThrownBy(() -> open(3).latest(WHOLE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("policy/model.safetensors has 3 bytes instead of " + content(7).length)
                .hasMessageContaining("no checkpoint beside it can be continued either")
                .hasMessageContaining("--from-step 0` begins the run again.");
    }

    @Test
    void aDamagedEarlierCheckpointIsNotRecommended() throws IOException {
        Checkpoints checkpoints = open(3);
        for (long step : new long[] {7, 14, 21}) {
            write(checkpoints, step);
        }
        Files.delete(folder.resolve("step-21/policy/model.safetensors"));
        Files.delete(folder.resolve("step-14/manifest.json"));

        assertThatThrownBy(() -> checkpoints.latest(WHOLE))
                .hasMessageContaining("policy/model.safetensors is missing")
                .hasMessageContaining("--from-step 7` goes back to " + folder.resolve("step-7"));
    }

    @Test
    void changedPositionsAreFound() throws IOException {
        Path manifest = write(open(3), 7).folder().resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"round\" : 2", "\"round\" : 3"));

        assertThatThrownBy(() -> open(3).latest(WHOLE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("manifest.json does not have the checksum in manifest.sha256");
    }

    @Test
    void aRenamedCheckpointIsFound() throws IOException {
        Files.move(write(open(3), 7).folder(), folder.resolve("step-9"));

        assertThatThrownBy(() -> open(3).latest(WHOLE)).hasMessageContaining("manifest.json is of step 7");
    }

    private Checkpoints open(int limit) {
        return Checkpoints.open(folder, limit);
    }

    private static Checkpoint write(Checkpoints checkpoints, long step) {
        return checkpoints.write(step, POSITIONS, LOGS, HASHES, aside -> {
            Files.createDirectory(aside.resolve("policy"));
            Files.write(aside.resolve("policy/model.safetensors"), content(step));
            Files.writeString(aside.resolve("empty"), "");
        });
    }

    private static byte[] content(long step) {
        return ("weights of step " + step).repeat(100).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private java.util.List<String> names() throws IOException {
        try (var paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).toList();
        }
    }
}
