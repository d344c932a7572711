package dev.flipside.cli.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.StoryRun;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.run.FileHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code flipside compare} over an ordinary train file, with a reward model per seed and a judge of its own, on a real
 * language model of 1 MB.
 */
class CompareTest {
    @TempDir
    static Path folder;

    private static StoryRun stories;
    private static CommandRun first;

    @BeforeAll
    static void compare() throws IOException {
        stories = StoryRun.in(folder);
        Files.write(
                folder.resolve("held-out-prompts.jsonl"),
                List.of(
                        "{\"prompt\": \"A little bird sat in a tree.\"}",
                        "{\"prompt\": \"Sam had a new toy.\"}",
                        "{\"prompt\": \"It was a sunny day.\"}",
                        "{\"prompt\": \"Mom made a cake.\"}"));
        // The judge is another reward model: other labels, another seed.
        assertThat(stories.trainRewardModel(
                                "run.seed=9", "run.output_dir=" + folder.resolve("judge"), "training.max_steps=6")
                        .exitCode())
                .isZero();
        Files.writeString(
                folder.resolve("compare.yaml"),
                """
                comparison:
                  output_dir: %1$s/comparison
                  seeds: [1, 2]
                  baseline: frozen
                  criterion: SAVE pleases the judge more.
                  detectable_effect: 0.1
                  outcomes:
                    - {metric: judge/reward, label: judge, role: primary}
                    - {metric: eval_rm/accuracy}
                  judge: {model: %1$s/judge/final, num_generations: 2}
                base:
                  train: %1$s/train.yaml
                  reward_training: %1$s/rm.yaml
                  overrides: {data.eval_prompts: %1$s/held-out-prompts.jsonl, run.max_steps: 2}
                arms:
                  frozen:
                    overrides: [save.preset=off]
                  save:
                    overrides: {}
                    description: the file as it is
                """
                        .formatted(folder));
        first = run("--json");
        assertThat(first.exitCode()).as(first.err()).isZero();
    }

    private static CommandRun run(String... arguments) {
        return stories.command("compare", "compare.yaml", arguments);
    }

    @Test
    void armsOfASeedShareTheInitialRewardModelAndSeedsDoNot() throws IOException {
        Path seeds = folder.resolve("comparison");
        assertThat(first("seed-1/frozen")).isEqualTo(first("seed-1/save")).isNotEqualTo(first("seed-2/save"));
        assertThat(Files.readString(seeds.resolve("seed-1/save/config.yaml")))
                .contains("seed: 1", seeds + "/seed-1/reward_model/final", "max_steps: 2");
    }

    /** The mean reward of the first evaluation, which only initial models and prompts decide. */
    private static double first(String run) {
        return Alarms.read(folder.resolve("comparison").resolve(run).resolve("metrics.jsonl"))
                .get(0)
                .values()
                .get("eval_reward");
    }

    @Test
    void theJudgeScoresEveryFinalPolicy() throws IOException {
        JsonNode outcome = first.json().at("/outcomes/judge~1reward/arms");
        JsonNode judged = new ObjectMapper()
                .readTree(folder.resolve("comparison/seed-2/save.judge.json").toFile());
        assertThat(outcome.at("/save/by_seed/1").doubleValue())
                .isEqualTo(judged.get("mean").doubleValue());
        assertThat(judged.get("by_prompt")).hasSize(4);
        assertThat(judged.get("num_generations").intValue()).isEqualTo(2);
        assertThat(outcome.at("/save/seeds").intValue()).isEqualTo(2);
        assertThat(first.json().get("verdict").asText()).isEqualTo("too_few_seeds");
        assertThat(first.err()).contains("2 seeds cannot reach p = 0.05");
    }

    @Test
    void aSecondCallKeepsEverything() throws IOException {
        String before = FileHash.of(folder.resolve("comparison/seed-1")).toString();
        CommandRun again = run("--json");
        assertThat(again.json()).isEqualTo(first.json());
        assertThat(FileHash.of(folder.resolve("comparison/seed-1")).toString()).isEqualTo(before);
    }

    /** As on two machines: each has the same path, and the first one's seed is copied over the second's. */
    @Test
    void sharesOfTheSeedsPutTogetherGiveTheSameAnswer() throws IOException {
        Path shared = folder.resolve("shared");
        String output = "comparison.output_dir=" + shared;
        CommandRun one = run("--shard", "1/2", output);
        assertThat(one.exitCode()).as(one.err()).isZero();
        assertThat(one.out()).isEmpty();
        assertThat(one.err()).contains("share 1/2 of the seeds is done");
        assertThat(shared.resolve("seed-1/save/policy")).exists();
        assertThat(shared.resolve("seed-2/save")).doesNotExist();
        Files.move(shared, folder.resolve("other-machine"));

        assertThat(run("--shard", "2/2", output).exitCode()).isZero();
        assertThat(shared.resolve("seed-1")).doesNotExist();
        Files.move(folder.resolve("other-machine/seed-1"), shared.resolve("seed-1"));
        assertThat(run("--json", output).json().get("outcomes"))
                .isEqualTo(first.json().get("outcomes"));
    }

    @Test
    void aPlanRunsNothingAndAPilotSaysHowManySeedsItNeeds() throws IOException {
        Path folderOfPlan = folder.resolve("planned");
        String output = "comparison.output_dir=" + folderOfPlan;
        CommandRun plan = run("--plan", output, "comparison.seeds=[3, 4, 5, 6, 7, 8]");
        assertThat(plan.exitCode()).as(plan.err()).isZero();
        assertThat(plan.out()).contains("2 arms x 6 seeds = 12 runs, 0 of them finished, 1 at a time");
        String pilot = folder.resolve("comparison").toString();
        CommandRun reckoned = run("--plan", "--pilot", pilot, output, "comparison.seeds=[3, 4, 5, 6, 7, 8]", "--json");
        JsonNode save = reckoned.json().at("/power/0");
        assertThat(save.get("metric").asText()).isEqualTo("judge/reward");
        assertThat(save.get("arm").asText()).isEqualTo("save");
        assertThat(save.get("seeds_needed").intValue()).isGreaterThanOrEqualTo(6);
        assertThat(reckoned.json().get("step_hours").doubleValue()).isPositive();
        assertThat(folderOfPlan).doesNotExist();
        assertThat(run("--plan", "--shard", "1/2", output).err())
                .contains("--plan runs nothing, so --shard and --against have no effect with it");
        assertThat(run("--plan", "--pilot", pilot, output).err())
                .contains("comparison.seeds: seed 1 was in the pilot " + pilot);
    }

    @Test
    void differencesFromAnotherArmAreShownBesideTheAnswer() throws IOException {
        CommandRun text = run("--against", "save");
        assertThat(text.out()).contains("Difference from save instead, which was not asked before the runs");
        JsonNode both = run("--against", "save", "--json").json();
        double gain = both.at("/outcomes/judge~1reward/arms/save/difference").doubleValue();
        assertThat(both.at("/against/save/judge~1reward/arms/frozen/difference").doubleValue())
                .isEqualTo(-gain, within(1e-12));
        assertThat(both.get("verdict")).isEqualTo(first.json().get("verdict"));
        assertThat(run("--against", "guarded").err())
                .contains("--against guarded: there is no such arm; they are frozen, save.");
    }

    @Test
    void aShareThatIsNoneIsRefused() {
        assertThat(run("--shard", "3/4").err()).contains("--shard 3/4: there are 2 seeds, so this share has none");
        assertThat(run("--shard", "3/2").err()).contains("--shard 3/2: there is no such share");
        assertThat(run("--shard", "half"))
                .satisfies(r -> assertThat(r.exitCode()).isEqualTo(2))
                .satisfies(r -> assertThat(r.err()).contains("--shard 'half' is not a share"));
    }

    @Test
    void theTableAndTheReportAreThere() {
        CommandRun text = run();
        assertThat(text.out())
                .contains(
                        "judge (judge/reward), primary",
                        "By seed",
                        "\nAlarms\n",
                        "Criterion, written down",
                        "Verdict: too few seeds")
                .contains(folder.resolve("comparison/report.html").toString());
        assertThat(folder.resolve("comparison/report.html")).content().contains("SAVE pleases the judge more.");
        CommandRun page = CommandRun.of(
                "report",
                folder.resolve("comparison/seed-1/save").toString(),
                "--output",
                folder.resolve("one.html").toString());
        assertThat(page.exitCode()).isZero();
        assertThat(folder.resolve("one.html")).content().contains("What was measured");
    }

    @Test
    void aChangedQuestionOrArmIsRefusedByName() throws IOException {
        assertThat(run("comparison.detectable_effect=0.2"))
                .satisfies(r -> assertThat(r.exitCode()).isEqualTo(2))
                .satisfies(r ->
                        assertThat(r.err()).contains("comparison.detectable_effect: '0.2' differs from the '0.1'"));
        assertThat(run("arms.save={overrides: [save.learning_rate=1e-5]}").err())
                .contains("arms.save");
        Path config = folder.resolve("comparison/seed-1/save/config.yaml");
        String text = Files.readString(config);
        Files.writeString(config, text.replace("max_completion_length: 6", "max_completion_length: 7"));
        try {
            assertThat(run().err()).contains("rollout.max_completion_length: '6' differs from the '7'");
        } finally {
            Files.writeString(config, text);
        }
    }

    @Test
    void theTrainedRewardModelsOwnScoreIsNoOutcome() {
        List<String> scores = List.of("eval_reward", "reward", "eval_rewards/reward_model/mean", "eval_twin/reward");
        for (String metric : scores) {
            assertThat(run(
                                    "comparison.output_dir=" + folder.resolve("elsewhere"),
                                    "comparison.outcomes=[{metric: " + metric + ", role: primary}]")
                            .err())
                    .contains(
                            metric + " is the score of the reward model that the policy is trained on",
                            "comparison.judge");
        }
    }

    @Test
    void whatTheRunsWouldNotMeasureIsRefusedBeforeTheyBegin() {
        String elsewhere = "comparison.output_dir=" + folder.resolve("elsewhere");
        assertThat(run(elsewhere, "comparison.outcomes=[{metric: eval_gold, role: primary}]")
                        .err())
                .contains("arm frozen does not measure eval_gold", "eval.gold");
        assertThat(run(elsewhere, "base.overrides={}").err()).contains("judge/reward", "data.eval_prompts");
        assertThat(run(elsewhere, "arms.save={}").err()).contains("arms.save", "built-in arms are made for the worlds");
        assertThat(run(elsewhere, "arms.save={overrides: [save.learning_rat=1]}")
                        .err())
                .contains("arms.save: command line: there is no key 'save.learning_rat'");
        assertThat(run(elsewhere, "arms.save={overrides: [run.seed=3]}").err())
                .contains("arms.save.overrides: run.seed=3 is the comparison's to set");
        assertThat(run(elsewhere, "comparison.judge={model: nowhere}").err()).contains("nowhere");
        assertThat(folder.resolve("elsewhere/registration.json")).doesNotExist();
    }

    @Test
    void theJudgeMustNotBeTheArmsOwnRewardModel() {
        Path own = folder.resolve("comparison/seed-1/reward_model/final");
        assertThat(run(
                                "comparison.output_dir=" + folder.resolve("elsewhere"),
                                "comparison.judge={model: " + own + "}",
                                "base.reward_training=",
                                "base.overrides={data.eval_prompts: " + folder
                                        + "/held-out-prompts.jsonl, reward_model.model: " + own + "}")
                        .err())
                .contains("comparison.judge.model: " + own + " is the reward model that arm frozen starts from");
    }
}
