package dev.flipside.cli.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.StoryRun;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.ComparisonRuns;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.DataConfig;
import dev.flipside.config.UserError;
import dev.flipside.hub.HubInputs;
import dev.flipside.run.FileHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code flipside compare} with {@code base.make}: every seed has data of its own, made with its policy. */
class MadeTaskTest {
    private static final String COMPARISON =
            """
            comparison:
              output_dir: %1$s/comparison
              seeds: [1]
              baseline: frozen
              criterion: SAVE raises the gold reward.
              detectable_effect: 0.1
              outcomes:
                - {metric: eval_gold, role: primary}
                - {metric: eval_rm/accuracy}
            base:
              train: %1$s/train.yaml
              reward_training: %1$s/rm.yaml
              make: {task: stories, prompts: 12, held_out_prompts: 2, pairs: 16, held_out: 8, trusted: 8}
              overrides: {run.max_steps: 1, rollout.max_completion_length: 12}
              reward_overrides: {training.max_steps: 1}
            arms:
              frozen: {overrides: [save.preset=off]}
              replay: {overrides: [save.guard=replay]}
              projected: {overrides: [save.guard=project, save.guard_memory=trusted, eval.num_generations=3]}
            """;

    @TempDir
    static Path folder;

    private static StoryRun stories;

    @BeforeAll
    static void write() throws IOException {
        stories = StoryRun.in(folder);
        // Files that are not there, and are not needed either.
        Path train = folder.resolve("train.yaml");
        Files.writeString(
                train,
                Files.readString(train)
                                .replace("prompts.jsonl", "nowhere.jsonl")
                                .replace("pairs.jsonl", "nowhere.jsonl")
                        + "eval: {gold: {name: story}, num_generations: 2}\n");
        Path rewardModel = folder.resolve("rm.yaml");
        Files.writeString(
                rewardModel,
                Files.readString(rewardModel).replace("pairs.jsonl, eval_fraction: 0.25", "nowhere.jsonl"));
        Files.writeString(folder.resolve("compare.yaml"), COMPARISON.formatted(folder));
    }

    private static CommandRun run(String... arguments) {
        return stories.command("compare", "compare.yaml", arguments);
    }

    private static ComparisonPlan plan(String... overrides) {
        return ComparisonPlan.of(
                ConfigReader.comparison(folder.resolve("compare.yaml"), List.of(overrides)), HubInputs.pathsOnly());
    }

    @Test
    void aStoppedComparisonGoesOnWithTheDataThatAreThere() throws IOException {
        Path data = folder.resolve("comparison/seed-1/data");
        AtomicInteger asked = new AtomicInteger();
        // Before the first work and before each of the batches of pairs.
        assertThat(new ComparisonRuns(plan())
                        .stopWhen(() -> asked.incrementAndGet() > 2)
                        .run())
                .isEmpty();
        assertThat(data).doesNotExist();
        assertThat(new ComparisonRuns(plan()).stopWhen(() -> Files.exists(data)).run())
                .isEmpty();
        String made = FileHash.of(data).toString();
        assertThat(folder.resolve("comparison/seed-1/reward_model/final")).doesNotExist();

        CommandRun whole = run("--json");
        assertThat(whole.exitCode()).as(whole.err()).isZero();
        JsonNode arms = whole.json().at("/outcomes/eval_gold/arms");
        assertThat(arms.at("/frozen/by_seed/0").doubleValue()).isBetween(0.1, 0.9);
        assertThat(arms.at("/replay/by_seed/0").doubleValue()).isBetween(0.1, 0.9);
        assertThat(FileHash.of(data).toString()).isEqualTo(made);
        assertThat(whole.err())
                .doesNotContain("data of stories: done")
                .containsPattern("seed 1: the initial reward model orders \\d+\\.\\d % of clean pairs");

        // The same command keeps everything; other data are another question.
        assertThat(run("--json").json()).isEqualTo(whole.json());
        assertThat(run("base.make.flipped=0.2"))
                .satisfies(r -> assertThat(r.exitCode()).isEqualTo(2))
                .satisfies(r -> assertThat(r.err()).contains("base.make:", "differs from the"));
    }

    @Test
    void armsReadTheMadeFilesWhereTheyNeedThem() {
        ComparisonPlan plan = plan();
        String data = folder.resolve("comparison/seed-1/data").toString();
        List<DataConfig> configs = plan.arms().stream()
                .map(arm -> plan.training(1, arm, false).data())
                .toList();
        assertThat(configs).allSatisfy(config -> {
            assertThat(config.prompts()).isEqualTo(data + "/prompts.jsonl");
            assertThat(config.evalPrompts()).contains(data + "/held-out-prompts.jsonl");
            assertThat(config.evalPreferences()).contains(data + "/held-out-pairs.jsonl");
        });
        assertThat(configs.get(0).preferences()).isEmpty();
        assertThat(configs.get(0).trustedPreferences()).isEmpty();
        assertThat(configs.get(1).preferences()).contains(data + "/labelled-pairs.jsonl");
        assertThat(configs.get(1).trustedPreferences()).isEmpty();
        assertThat(configs.get(2).preferences()).isEmpty();
        assertThat(configs.get(2).trustedPreferences()).contains(data + "/trusted-pairs.jsonl");
        assertThat(plan.base().shared(plan.folder(), 1).stream().map(w -> w.what()))
                .containsExactly("seed 1, data of stories", "seed 1, initial reward model");
    }

    @Test
    void anArmMayHavePairsOfItsOwn() {
        ComparisonPlan plan = plan("arms.replay={overrides: [save.guard=replay, data.preferences=own.jsonl]}");
        assertThat(plan.training(1, plan.arms().get(1), false).data().preferences())
                .contains("own.jsonl");
    }

    @Test
    void wrongUsesAreNamed() {
        Stream.of(
                        List.of("base.train=", "give either world (w or n) or train"),
                        List.of(
                                "base.make.task=poems",
                                "base.make.task: 'poems' is not one of stories, instructions, stale."),
                        List.of(
                                "base.make={pairs: 3}",
                                "base.make: no task is named; write task: stories, instructions or stale."),
                        List.of("base.make.pears=3", "base.make.pears: there is no such key; keys there are"),
                        List.of("base.make.pairs=0", "base.make.pairs: 0 is less than 1; give a number of at least 1."),
                        List.of("base.make.flipped=-0.1", "base.make.flipped: -0.1 is no chance"),
                        List.of("base.make.flipped=some", "base.make.flipped: 'some' is not a number."))
                .forEach(mistake -> assertThatThrownBy(() -> plan(mistake.get(0)))
                        .as(mistake.get(0))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining(mistake.get(1)));
        assertThat(run("comparison.output_dir=" + folder.resolve("many"), "base.make.prompts=3000")
                        .err())
                .contains("base.make: Task stories has 2765 training prompts, and 3000 are asked for; ask for fewer.");
        assertThat(folder.resolve("many/registration.json")).doesNotExist();
    }

    @Test
    void aWorldMakesItsOwnData() {
        assertThat(run("base.world=w", "base.train=", "base.reward_training=", "base.overrides={}")
                        .err())
                .contains("base.make has no effect with base.world; remove it.");
    }
}
