package dev.flipside.cli.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.Captured;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.console.Console;
import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonRuns;
import dev.flipside.compare.PairedTests;
import dev.flipside.compare.WorldBase;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.WorldName;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.run.FileHash;
import dev.flipside.train.SaveTrainer;
import dev.flipside.world.Arm;
import dev.flipside.world.Pretraining;
import dev.flipside.world.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A demo of two steps with a policy that has barely learned to write. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DemoTest {
    /** World W with a reward model that has hardly been trained. */
    private static final World HASTY = World.W.withRewardModelSteps(10);

    @TempDir
    static Path temp;

    private String out;
    private String err;

    /** Two arms, one seed. */
    private ComparisonPlan plan(String folder, int steps, Arm arm) {
        ComparisonConfig config =
                DemoQuestion.W.config(temp.resolve(folder), List.of(1L), EnumSet.of(arm), steps, "cpu", 2);
        return ComparisonPlan.of(config, new WorldBase(HASTY, new Pretraining(300, 30, 32), steps, List.of(), "cpu"));
    }

    private void demo(ComparisonPlan plan, boolean json) {
        Captured captured = new Captured();
        try {
            assertThat(Demo.run(List.of(plan), plan.folder(), new Console(captured.streams(0), json, false)))
                    .isZero();
        } finally {
            out = captured.out();
            err = captured.err();
        }
    }

    @BeforeAll
    void firstDemo() {
        demo(plan("demo", 2, Arm.SAVE), false);
        assertThat(err).contains("initial reward model orders", "seed 1, save: done");
    }

    @Test
    void frozenIsTheBaselineAndAFinishedDemoIsKept() throws IOException {
        Path seed = temp.resolve("demo/seed-1");
        String policy = FileHash.of(seed.resolve("save/policy")).toString();
        String registration = Files.readString(temp.resolve("demo/registration.json"));
        demo(plan("demo", 2, Arm.SAVE), false);

        assertThat(out)
                .contains("frozen", "save", "world W", "difference from frozen", "gold reward", "By seed")
                .contains("Verdict: too few seeds")
                .doesNotContain("NaN");
        assertThat(temp.resolve("demo/report.html")).content().contains("In world W the policy", "save/label_accuracy");
        assertThat(FileHash.of(seed.resolve("save/policy")).toString()).isEqualTo(policy);
        // Kept, not run again: config and metrics of one run; and the question is still the first one.
        assertThat(Files.readAllLines(seed.resolve("save/metrics.jsonl"))).hasSize(3);
        assertThat(Files.readString(temp.resolve("demo/registration.json"))).isEqualTo(registration);
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
    void armsShareTheSeedsPolicyAndRewardModel() throws IOException {
        demo(plan("demo", 2, Arm.SAVE), true);
        JsonNode gold = new ObjectMapper().readTree(out).at("/worlds/0/outcomes/eval_gold/arms");
        double frozen = gold.at("/frozen/by_seed/0").doubleValue();
        double save = gold.at("/save/by_seed/0").doubleValue();
        assertThat(gold.at("/save/difference").doubleValue()).isEqualTo(save - frozen);
        assertThat(first("frozen")).isEqualTo(first("save")).isPositive();
    }

    /** Gold reward before the first step. */
    private double first(String arm) {
        List<Measured> history = Alarms.read(temp.resolve("demo/seed-1/" + arm + "/metrics.jsonl"));
        return history.get(0).values().get("eval_gold");
    }

    @Test
    void aStoppedDemoGoesOnWhereItWas() throws IOException {
        Path run = temp.resolve("stopped/seed-1/loo");
        ComparisonPlan plan = plan("stopped", 2, Arm.LOO);
        assertThat(new ComparisonRuns(plan).stopWhen(() -> Files.exists(run)).run())
                .isEmpty();
        assertThat(run.resolve("checkpoints/step-1")).isDirectory();
        assertThat(run.resolve("policy")).doesNotExist();

        demo(plan, false);
        assertThat(run.resolve("policy")).isDirectory();
        assertThat(Alarms.read(run.resolve("metrics.jsonl")))
                .extracting(Measured::step)
                .containsExactly(0L, 1L, 2L);
    }

    @Test
    void anotherQuestionInTheSameFolderIsRefused() {
        assertThatThrownBy(() -> demo(plan("demo", 3, Arm.SAVE), false))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("base.steps: '3' differs from the '2'");
        assertThatThrownBy(() -> demo(plan("demo", 2, Arm.GUARDED), false))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("comparison.criterion");
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

    /** The demo is a comparison like any other: its file says all of it. */
    @Test
    void whatIsRegisteredIsTheWholeQuestion() {
        ComparisonConfig registered =
                ComparisonDirectory.read(temp.resolve("demo")).config();
        assertThat(registered.base().world()).contains(WorldName.W);
        assertThat(registered).isEqualTo(plan("demo", 2, Arm.SAVE).config());
    }

    /** Fewer seeds could not decide, whatever they showed. */
    @Test
    void theDefaultSeedsAreEnoughForAVerdict() {
        int seeds = Integer.parseInt(new CommandLine(new Demo())
                .getCommandSpec()
                .findOption("--seeds")
                .defaultValue());
        ComparisonConfig config = plan("enough", 2, Arm.SAVE).config();
        double alpha = config.comparison().alpha();
        assertThat(PairedTests.smallestPValue(config.comparison().test(), seeds))
                .isLessThanOrEqualTo(alpha);
        assertThat(PairedTests.smallestPValue(config.comparison().test(), seeds - 1))
                .isGreaterThan(alpha);
    }

    @Test
    void theDemosPoliciesAreMadeAsInTheWorldsOwnComparisons() {
        ComparisonConfig config = plan("standard", 2, Arm.SAVE).config();
        assertThat(WorldBase.of(config.base()).pretraining()).isEqualTo(Pretraining.STANDARD);
    }

    @Test
    void wrongFlagsAreNamed() {
        assertThat(CommandRun.of("demo", "--seeds", "0").err()).contains("--seeds is 0");
        assertThat(CommandRun.of("demo", "--steps", "0").exitCode()).isEqualTo(2);
        CommandRun arm = CommandRun.of("demo", "--arm", "perfect");
        assertThat(arm.exitCode()).isEqualTo(2);
        assertThat(arm.err()).contains("perfect").containsIgnoringCase("guarded");
        assertThat(CommandRun.of("demo", "--world", "x").err()).contains("'x'");
    }
}
