package dev.flipside.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.Main;
import dev.flipside.cli.StoryRun;
import dev.flipside.cli.console.Streams;
import dev.flipside.model.GoldenFixtures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sun.misc.Signal;

public class TrainingCommandsTest {
    @TempDir
    static Path folder;

    private static StoryRun stories;
    private static CommandRun rewardModelRun;

    @BeforeAll
    static void trainTheRewardModel() throws IOException {
        stories = StoryRun.in(folder);
        rewardModelRun = stories.trainRewardModel();
    }

    @Test
    void aRewardModelIsTrainedWithALineForEachStep() {
        assertThat(rewardModelRun.exitCode()).as(rewardModelRun.err()).isZero();
        assertThat(rewardModelRun.err().lines().filter(line -> line.startsWith("step ")))
                .hasSize(3)
                .allMatch(line -> line.matches("step \\d/3  loss \\S+  accuracy \\S+  margin \\S+  .* left\\)"));
        assertThat(rewardModelRun.out())
                .contains("held-out pair accuracy")
                .contains("finished: 3 of 3 steps")
                .contains("flipside score --model " + folder.resolve("rm/final"));
        assertThat(folder.resolve("rm/final/value_head.safetensors")).exists();
    }

    @Test
    void aRunThatWasStoppedEndsLikeOneThatWasNot() throws Exception {
        CommandRun undisturbed = stories.train("run.output_dir=" + folder.resolve("a"), "--json");
        Path b = folder.resolve("b");
        CommandRun stopped = stoppedAfterTheFirstStep("run.output_dir=" + b);

        assertThat(stopped.exitCode()).as(stopped.err()).isZero();
        assertThat(stopped.err()).containsPattern("SIGTERM: finishing step \\d, then writing a checkpoint");
        String command = "flipside train " + folder.resolve("train.yaml") + " run.output_dir=" + b + " --resume";
        assertThat(stopped.out()).containsPattern("stopped: [123] of 4 steps").contains("continue with  " + command);

        CommandRun resumed = stories.train("run.output_dir=" + b, "--resume", "--json");

        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        JsonNode once = undisturbed.json();
        JsonNode twice = resumed.json();
        assertThat(twice.path("end").asText()).isEqualTo("finished");
        assertThat(twice.path("figures").path("reward"))
                .isEqualTo(once.path("figures").path("reward"));
        assertThat(twice.path("figures")
                        .path("policy/weight_change")
                        .path("last")
                        .asDouble())
                .isPositive();
        for (String weights : new String[] {"policy/model.safetensors", "reward_model/model.safetensors"}) {
            assertThat(b.resolve(weights))
                    .hasSameBinaryContentAs(folder.resolve("a").resolve(weights));
        }

        assertThat(twice.path("alarms").isArray()).isTrue();
        assertThat(twice.path("alarms")).isEqualTo(once.path("alarms"));
        assertThat(twice.path("diagnostics").path("save/kept_frac"))
                .isEqualTo(once.path("diagnostics").path("save/kept_frac"));
        assertThat(twice.path("diagnostics")
                        .path("save/kept_frac")
                        .path("meaning")
                        .asText())
                .isNotEmpty();

        CommandRun again = stories.train("run.output_dir=" + b, "--resume").succeeded();
        assertThat(again.out())
                .contains("already finished: 4 of 4 steps")
                .contains("Diagnostics")
                .contains("kept share");

        CommandRun changed = stories.train("run.output_dir=" + b, "policy.learning_rate=0.5", "--resume");
        assertThat(changed.exitCode()).isEqualTo(2);
        assertThat(changed.err()).contains("flipside: policy.learning_rate: '0.5' differs from the '0.001'");
    }

    @Test
    void aFailedStartLeavesTheFolderFree() {
        CommandRun failed = stories.command("train", "frozen.yaml", "data.prompts=nowhere.jsonl");
        CommandRun mended = stories.command("train", "frozen.yaml");

        assertThat(failed.exitCode()).isEqualTo(2);
        assertThat(mended.exitCode()).as(mended.err()).isZero();
        assertThat(mended.err()).containsPattern("step 1/1  reward \\S+  entropy \\S+  groups without variance ");
        assertThat(folder.resolve("frozen/policy/config.json")).exists();
        assertThat(folder.resolve("frozen/reward_model")).doesNotExist();
    }

    @Test
    void aLossThatIsNoNumberIsOneSentenceAndExitCodeOne() throws IOException {
        Path damaged = folder.resolve("damaged");
        GoldenFixtures.copy(folder.resolve("rm/final"), damaged);
        fill(damaged.resolve("model.safetensors"), "score.weight", 1e38f);

        CommandRun run = stories.trainRewardModel(
                "run.output_dir=" + folder.resolve("d"), "reward_model.model=" + damaged, "data.eval_fraction=0");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err().lines().reduce((first, second) -> second).orElseThrow())
                .startsWith("flipside: step 1: the ")
                .contains("the update was not made");
        assertThat(run.err()).doesNotContain("--debug");
    }

    /** The signal comes from this very process, as soon as it says that a step is done. */
    private static CommandRun stoppedAfterTheFirstStep(String override) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream() {
            private boolean raised;

            @Override
            public synchronized void write(byte[] bytes, int from, int length) {
                super.write(bytes, from, length);
                if (!raised && toString(StandardCharsets.UTF_8).contains("step 1/4")) {
                    raised = true;
                    Signal.raise(new Signal("TERM"));
                }
            }
        };
        Streams streams = new Streams(
                InputStream.nullInputStream(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                0);
        int exitCode = Main.run(streams, "train", folder.resolve("train.yaml").toString(), override);
        return new CommandRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    public static void copy(Path from, Path to) {
        GoldenFixtures.copy(from, to);
    }

    /** Overwrites a float32 tensor of a safetensors file: eight bytes of header length, the header, the data. */
    private static void fill(Path file, String tensor, float value) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong(0);
        JsonNode offsets = new ObjectMapper()
                .readTree(bytes.array(), 8, header)
                .path(tensor)
                .path("data_offsets");
        for (int at = offsets.get(0).asInt(); at < offsets.get(1).asInt(); at += 4) {
            bytes.putFloat(8 + header + at, value);
        }
        Files.write(file, bytes.array());
    }
}
