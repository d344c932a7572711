package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.run.FileHash;
import dev.flipside.train.SaveTrainer;
import dev.flipside.world.Arm;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A demo of two steps with a policy that has barely learned to write. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DemoTest {
    /** World W with a reward model that has hardly been trained. */
    private static final World HASTY = World.W.withRewardModelSteps(10);

    @TempDir
    static Path temp;

    private String out;
    private String err;

    private DemoPlan plan(int steps, Arm... arms) {
        return new DemoPlan(
                HASTY, List.of(1L), List.of(arms), steps, new Pretraining(300, 30, 32), temp.resolve("demo"), "cpu", 2);
    }

    private void demo(DemoPlan plan, boolean json) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        Console console = new Console(
                new Main.Streams(
                        InputStream.nullInputStream(),
                        new PrintStream(output, true, StandardCharsets.UTF_8),
                        new PrintStream(messages, true, StandardCharsets.UTF_8),
                        0),
                json,
                false);
        try {
            assertThat(Demo.run(plan, console)).isZero();
        } finally {
            out = output.toString(StandardCharsets.UTF_8);
            err = messages.toString(StandardCharsets.UTF_8);
        }
    }

    @BeforeAll
    void firstDemo() {
        demo(plan(2, Arm.SAVE), false);
    }

    @Test
    void frozenIsTheBaselineAndAFinishedDemoIsKept() throws IOException {
        Path seed = temp.resolve("demo/seed-1");
        String policy = FileHash.of(seed.resolve("save/policy")).toString();
        demo(plan(2, Arm.SAVE), false);
        assertThat(out)
                .contains("frozen", "save", "vs frozen", "World W after 2 steps", "Gold reward by seed")
                .doesNotContain("NaN");
        assertThat(err).contains("initial reward model orders");
        assertThat(FileHash.of(seed.resolve("save/policy")).toString()).isEqualTo(policy);
        // Kept, not run again: config and metrics of one run.
        assertThat(Files.readAllLines(seed.resolve("save/metrics.jsonl"))).hasSize(3);
    }

    @Test
    void resultsAreModelsThatLoad() {
        Path run = temp.resolve("demo/seed-1/save");
        try (CausalLm policy = CausalLm.load(run.resolve("policy"), Device.CPU);
                RewardModel rewardModel = RewardModel.load(run.resolve("reward_model"), Device.CPU)) {
            assertThat(policy.parameters().elements()).isEqualTo(108_480);
            assertThat(rewardModel.hasValueHead()).isTrue();
        }
    }

    @Test
    void anotherArmSharesPolicyAndRewardModelOfTheSeed() throws IOException {
        demo(plan(2, Arm.GUARDED), true);
        JsonNode json = new ObjectMapper().readTree(out);
        JsonNode frozen = json.at("/arms/frozen/runs/0");
        JsonNode guarded = json.at("/arms/guarded/runs/0");
        assertThat(guarded.get("start_gold").doubleValue())
                .isEqualTo(frozen.get("start_gold").doubleValue());
        assertThat(json.at("/arms/guarded/gold/vs_frozen").doubleValue())
                .isEqualTo(
                        guarded.get("gold").doubleValue() - frozen.get("gold").doubleValue());
        assertThat(json.at("/arms/guarded/label_accuracy").doubleValue()).isBetween(0.0, 1.0);
    }

    @Test
    void aStoppedDemoGoesOnWhereItWas() throws IOException {
        Path run = temp.resolve("demo/seed-1/loo");
        Console console = new Console(
                new Main.Streams(
                        InputStream.nullInputStream(),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                        0),
                false,
                true);
        List<ArmResult> stopped = new DemoRuns(plan(2, Arm.LOO), console, () -> Files.exists(run)).run();
        assertThat(stopped).extracting(ArmResult::arm).doesNotContain(Arm.LOO);
        assertThat(run.resolve("checkpoints/step-1")).isDirectory();
        assertThat(run.resolve("policy")).doesNotExist();

        demo(plan(2, Arm.LOO), false);
        assertThat(run.resolve("policy")).isDirectory();
        assertThat(ArmResult.metrics(run))
                .extracting(line -> line.get("step").asInt())
                .containsExactly(0, 1, 2);
    }

    @Test
    void aRunOfAnotherLengthIsRefused() {
        assertThatThrownBy(() -> demo(plan(3, Arm.SAVE), false))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--out")
                .hasMessageContaining("other options");
    }

    /** The promise of the last line: what a demo ran is an ordinary run. */
    @Test
    void aRunsOwnConfigurationRunsAgainWithTheSameResult() throws IOException {
        Path run = temp.resolve("demo/seed-1/save");
        Path again = temp.resolve("again");
        new SaveTrainer(ConfigReader.train(run.resolve("config.yaml"), List.of("run.output_dir=" + again))).run();
        assertThat(again.resolve("policy/model.safetensors"))
                .hasSameBinaryContentAs(run.resolve("policy/model.safetensors"));
        assertThat(again.resolve("reward_model/model.safetensors"))
                .hasSameBinaryContentAs(run.resolve("reward_model/model.safetensors"));
    }

    @Test
    void wrongFlagsAreNamed() {
        assertThat(CommandRun.of("demo", "--seeds", "0").err()).contains("--seeds is 0");
        assertThat(CommandRun.of("demo", "--steps", "0").exitCode()).isEqualTo(2);
        CommandRun arm = CommandRun.of("demo", "--arm", "perfect");
        assertThat(arm.exitCode()).isEqualTo(2);
        assertThat(arm.err()).contains("perfect").containsIgnoringCase("guarded");
    }

    @Test
    void reportPairsArmsBySeed() {
        DemoPlan two =
                new DemoPlan(World.W, List.of(1L, 2L), List.of(Arm.SAVE), 30, Pretraining.STANDARD, temp, "cpu", 1);
        List<ArmResult> results = List.of(
                new ArmResult(Arm.FROZEN, 1, temp, 0.4, 0.60, 0.6, 0.7, Double.NaN, Double.NaN),
                new ArmResult(Arm.FROZEN, 2, temp, 0.4, 0.70, 0.6, 0.8, Double.NaN, Double.NaN),
                new ArmResult(Arm.SAVE, 1, temp, 0.4, 0.64, 0.7, 0.8, 0.8, 0.1),
                new ArmResult(Arm.SAVE, 2, temp, 0.4, 0.72, 0.8, 0.8, 0.9, 0.2));
        DemoReport report = new DemoReport(two, results);
        assertThat(report.text())
                .contains("0.680  +0.030 [+0.020, +0.040]")
                .contains("+0.150 [+0.100, +0.200]")
                .contains("0.850");
        assertThat(report.object()).containsEntry("seeds", List.of(1L, 2L));
        assertThat((Map<?, ?>) report.object().get("arms")).hasSize(2);
    }
}
