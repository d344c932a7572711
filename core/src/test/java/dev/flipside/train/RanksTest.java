package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Ranked;
import dev.flipside.run.FileHash;
import dev.flipside.run.Provenance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several ranks train what one process trains. */
@Timeout(120)
class RanksTest {
    /** What has a state or a normaliser of its own, in few steps. */
    private static final String GUARDED =
            "run.max_steps=3 run.rounds=2 run.save_steps=2 algorithm.beta=0.1 algorithm.steps_per_generation=2"
                    + " save.preset=guarded save.guard_batch=4 save.rm_mini_batches=2 eval.eval_steps=2";

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void prepare() {
        world = new TinyWorld(folder);
    }

    private static String[] options(String options, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(options.split(" ")));
        if (!all.remove("!data.preferences")) {
            all.add("data.preferences=" + world.file("pairs.jsonl"));
        }
        all.add("data.eval_preferences=" + world.file("eval-pairs.jsonl"));
        all.add("data.eval_prompts=" + world.file("eval-prompts.jsonl"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static Path run(int ranks, String name, String options, String... more) {
        return RankedRuns.train(ranks, world.config(name, options(options, more)))
                .folder();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                GUARDED,
                "algorithm.name=rloo algorithm.beta=0.1 save.guard=project save.guard_batch=6 save.candidates=fresh",
                "!data.preferences algorithm.name=gspo algorithm.epsilon=3e-4 algorithm.epsilon_high=4e-4"
                        + " algorithm.steps_per_generation=3 save.value_target=improved",
                "!data.preferences save.anchor_gradient=flow reward_model.functions=[{\"name\":\"length\",\"max_completion_length\":5,\"weight\":0.1}]",
                "!data.preferences save.anchor=frozen save.relabel=mini_batch save.rm_mini_batches=2 algorithm.scale_rewards=batch",
            })
    void twoAndThreeRanksTrainWhatOneDoes(String options) {
        String name = "one-" + Integer.toHexString(options.hashCode());
        Path one = run(1, name, options);
        for (int ranks : new int[] {2, 3}) {
            RankedRuns.assertAlike(run(ranks, name + "-" + ranks, options), one);
        }
    }

    @Test
    void theSameRanksGetTheSameBits() {
        RankedRuns.assertSame(run(2, "once", GUARDED), run(2, "again", GUARDED));
    }

    @Test
    void aCheckpointDoesNotKnowHowManyRanksThereWere() {
        Path undisturbed = run(1, "undisturbed", GUARDED);
        for (int ranks : new int[] {1, 2, 3}) {
            String name = "resumed-by-" + ranks;
            AtomicInteger asked = new AtomicInteger();
            List<TrainingResult> stopped = Ranked.run(2, c -> new SaveTrainer(world.config(name, options(GUARDED)))
                    .collective(c)
                    // One rank is enough.
                    .stopWhen(() -> c.rank() == 1 && asked.incrementAndGet() >= 2)
                    .run());
            assertThat(stopped).allSatisfy(result -> {
                assertThat(result.completed()).isFalse();
                assertThat(result.steps()).isEqualTo(2);
            });
            List<String> said = Collections.synchronizedList(new ArrayList<>());
            TrainConfig config = world.config(name, options(GUARDED, "run.resume=true"));
            Ranked.run(ranks, c -> new SaveTrainer(config)
                    .collective(c)
                    .listener(new TrainListener() {
                        @Override
                        public void message(String line) {
                            said.add(line);
                        }
                    })
                    .run());
            assertThat(said)
                    .anySatisfy(
                            line -> assertThat(line).startsWith("resumed from").endsWith("at step 2"));
            RankedRuns.assertAlike(Path.of(config.run().outputDir()), undisturbed);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aRewardModelIsTrainedByRanks(int ranks) {
        Path one = RankedRuns.trainRewardModel(1, world.rewardTraining("rm-1-" + ranks))
                .folder();
        Path several = RankedRuns.trainRewardModel(ranks, world.rewardTraining("rm-" + ranks))
                .folder();
        RankedRuns.assertAlikeMetrics(several, one);
        RankedRuns.assertAlikeWeights(several, one);
    }

    @Test
    void ranksThatDifferAreToldWhere() {
        assertThatThrownBy(() -> Ranked.run(2, c -> new SaveTrainer(
                                world.config("differ", "policy.learning_rate=" + (c.rank() == 0 ? "1e-3" : "1e-4")))
                        .collective(c)
                        .run()))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "Rank 1 differs from rank 0 in policy.learning_rate: it has 1.0E-4, rank 0 has 0.001; start all ranks with the same program, configuration, models and data.");
        assertThat(folder.resolve("differ")).doesNotExist();
    }

    /** Each machine has a file of its own under the same name. */
    @Test
    void ranksWithOtherDataAreTold() {
        String prompts = "prompts.jsonl";
        assertThatThrownBy(() -> Ranked.run(2, c -> {
                    Provenance provenance = Provenance.ofThisProcess(
                            Map.of(), Map.of(), "", List.of(new FileHash(prompts, 10, c.rank() == 0 ? "abc" : "def")));
                    SameOnAllRanks.require(c, provenance);
                    return "";
                }))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(
                        "Rank 1 differs from rank 0 in the file prompts.jsonl: it has SHA-256 def, rank 0 has SHA-256 abc; ");
    }

    @Test
    void moreRanksThanPromptsAreRefused() {
        assertThatThrownBy(() -> Ranked.run(2, c -> new SaveTrainer(
                                world.config("few", "rollout.generation_batch_size=4", "save.rm_mini_batches=1"))
                        .collective(c)
                        .run()))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "rollout.generation_batch_size: a step has 1 prompts, fewer than the 2 ranks; start fewer processes, or raise it.");
    }
}
