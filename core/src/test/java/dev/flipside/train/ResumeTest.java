package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.run.Decision;
import dev.flipside.run.DiskSpace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that was stopped and resumed ends in the same bytes as one that was not. */
class ResumeTest {
    /**
     * What has a state of its own: reference, second round, gate, frozen anchor, cadence, moments, replay, evaluation.
     */
    private static final List<String> EVERYTHING_WITH_A_STATE = List.of(
            "run.max_steps=5",
            "run.rounds=2",
            "run.save_steps=3",
            "algorithm.beta=0.1",
            "algorithm.steps_per_generation=2",
            "policy.warmup_steps=3",
            "save.preset=guarded",
            "save.anchor=frozen",
            "save.update_every=2",
            "save.candidates=rescore",
            "save.guard_batch=4",
            "reward_model.max_length=12",
            "eval.eval_steps=2");

    @TempDir
    static Path folder;

    private static TinyWorld world;
    private static Path undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        world = new TinyWorld(folder);
        undisturbed = run("undisturbed", EVERYTHING_WITH_A_STATE, Integer.MAX_VALUE);
    }

    private static List<String> options(List<String> options, boolean resume) {
        List<String> all = new ArrayList<>(options);
        all.add("data.preferences=" + world.file("pairs.jsonl"));
        all.add("data.eval_preferences=" + world.file("eval-pairs.jsonl"));
        all.add("data.eval_prompts=" + world.file("eval-prompts.jsonl"));
        if (resume) {
            all.add("run.resume=true");
        }
        return all;
    }

    /** Runs until so many steps are finished, then lets the run stop itself. */
    private static Path run(String name, List<String> options, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        TrainingResult result = new SaveTrainer(world.config(name, options(options, false)))
                .stopWhen(() -> steps.incrementAndGet() >= stopAfter)
                .run();
        assertThat(result.completed()).isEqualTo(stopAfter == Integer.MAX_VALUE);
        return result.folder();
    }

    private static TrainingResult resume(String name, List<String> options) {
        return new SaveTrainer(world.config(name, options(options, true))).run();
    }

    /** In the first round, at its last step, in the second round, and right after a checkpoint that was due anyway. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 7, 9})
    void aStoppedRunEndsInTheSameBytes(int stopAfter) {
        Path run = run("stopped-" + stopAfter, EVERYTHING_WITH_A_STATE, stopAfter);
        assertThat(run.resolve("policy")).doesNotExist();
        TrainingResult result = resume("stopped-" + stopAfter, EVERYTHING_WITH_A_STATE);
        assertThat(result.completed()).isTrue();
        assertThat(result.steps()).isEqualTo(10);
        RunFiles.assertSameResult(run, undisturbed);
    }

    @Test
    void theSameConfigurationGivesTheSameBytes() {
        RunFiles.assertSameResult(run("again", EVERYTHING_WITH_A_STATE, Integer.MAX_VALUE), undisturbed);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "algorithm.name=rloo save.candidates=fresh save.relabel=mini_batch",
                "algorithm.name=gspo algorithm.epsilon=3e-4 algorithm.epsilon_high=4e-4 algorithm.num_iterations=2 rollout.refill_zero_variance=2",
                "save.anchor=shuffled save.labels=random_signs save.value_target=improved",
                "save.samples=initial run.rounds=2 algorithm.steps_per_generation=2",
                "save.scored_by=initial_rescaled run.rounds=2 algorithm.name=rloo",
                "save.guard=project save.rm_mini_batches=1",
                "save.guard=project_replay save.label_smoothing=0.05",
                "save.guard=project_replay save.preset=auto save.gate_alpha=1 save.learning_rate=0.05",
                "save.guard=project save.preset=auto save.gate=off save.guard_balance=[length]"
            })
    void soDoesEveryAlgorithm(String options) {
        List<String> all = new ArrayList<>(List.of("run.max_steps=4", "run.save_steps=2"));
        all.addAll(List.of(options.split(" ")));
        String name = "other-" + Math.abs(options.hashCode());
        all.add(options.contains("save.guard=") ? "save.guard_batch=3" : "save.guard=replay");
        Path whole = run(name, all, Integer.MAX_VALUE);
        Path stopped = run(name + "-stopped", all, 3);
        resume(name + "-stopped", all);
        RunFiles.assertSameResult(stopped, whole);
    }

    @Test
    void theLogAloneTellsWhatPresetAutoDecided() {
        List<String> options = List.of("run.max_steps=4", "save.preset=auto", "save.gate_alpha=1");
        Path run = run("decided", options, Integer.MAX_VALUE);
        AutoCourse again =
                new AutoCourse(world.config("decided", options(options, false)).save());
        Alarms.read(run.resolve("metrics.jsonl")).forEach(again::observe);
        assertThat(Decision.of(run))
                .isEqualTo(again.decisions())
                .extracting(Decision::step)
                .startsWith(1L, 2L, 3L);
    }

    @Test
    void aFinishedRunIsLeftAsItIs() {
        Path run = run("finished", List.of("run.max_steps=2", "save.guard=replay"), Integer.MAX_VALUE);
        var before = RunFiles.bytes(run.resolve("policy"));
        TrainingResult again = resume("finished", List.of("run.max_steps=2", "save.guard=replay"));
        assertThat(again.completed()).isTrue();
        RunFiles.bytes(run.resolve("policy"))
                .forEach((name, bytes) -> assertThat(bytes).isEqualTo(before.get(name)));
    }

    @Test
    void aDamagedCheckpointIsRefusedByName() throws Exception {
        Path run = run("damaged", EVERYTHING_WITH_A_STATE, 4);
        Path moments = RunFiles.newestCheckpoint(run).resolve("optimisers.safetensors");
        byte[] bytes = Files.readAllBytes(moments);
        bytes[bytes.length - 1] ^= 1;
        Files.write(moments, bytes);
        assertThatThrownBy(() -> resume("damaged", EVERYTHING_WITH_A_STATE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("optimisers.safetensors")
                .hasMessageContaining("step-3");
    }

    @Test
    void goingBackToAnEarlierCheckpointEndsInTheSameBytes() throws Exception {
        Path run = run("back", EVERYTHING_WITH_A_STATE, 7);
        Files.delete(RunFiles.newestCheckpoint(run).resolve("state.json"));
        assertThatThrownBy(() -> resume("back", EVERYTHING_WITH_A_STATE))
                .hasMessageContaining("step-7 is damaged: state.json is missing")
                .hasMessageContaining("config.yaml --from-step 6`");
        new SaveTrainer(world.config("back", options(EVERYTHING_WITH_A_STATE, false)))
                .fromStep(6)
                .run();
        RunFiles.assertSameResult(run, undisturbed);
    }

    @Test
    void theTrainingOfARewardModelIsNotOverwritten() throws Exception {
        Path run = new RewardTrainer(world.rewardTraining("reward-run")).run().folder();
        byte[] before = Files.readAllBytes(run.resolve("metrics.jsonl"));
        assertThatThrownBy(() -> resume("reward-run", List.of("run.max_steps=2", "save.guard=replay")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("its config.yaml is not one that flipside train wrote");
        assertThat(Files.readAllBytes(run.resolve("metrics.jsonl"))).isEqualTo(before);
    }

    /** The disk is full at the second checkpoint and has room again at the third. */
    @Test
    void aFullDiskKeepsTheOlderCheckpointAndTheRunGoesOn() {
        List<String> options = new ArrayList<>(EVERYTHING_WITH_A_STATE);
        options.add("run.save_total_limit=5");
        AtomicInteger asked = new AtomicInteger();
        DiskSpace disk = new DiskSpace(place -> asked.incrementAndGet() == 2 ? 1000 : Long.MAX_VALUE);
        Recorder recorder = new Recorder();
        TrainingResult result = new SaveTrainer(world.config("full", options(options, false)))
                .disk(disk)
                .listener(recorder)
                .run();
        assertThat(result.completed()).isTrue();
        assertThat(recorder.warnings)
                .filteredOn(w -> w.contains("no checkpoint"))
                .singleElement()
                .asString()
                .startsWith("step 6: no checkpoint was written: it takes ")
                .contains("has 0.0 MB free; the newest is that of step 3. The run goes on");
        RunFiles.assertSameResult(result.folder(), undisturbed);
        assertThat(result.folder().resolve("checkpoints/step-6")).doesNotExist();
    }

    @Test
    void whatTheDiskCannotHoldAtTheEndIsSaid() {
        List<String> options = options(EVERYTHING_WITH_A_STATE, false);
        DiskSpace full = new DiskSpace(place -> 1000);
        assertThatThrownBy(() -> new SaveTrainer(world.config("full-end", options))
                        .disk(full)
                        .run())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("full-end/policy was not written: it takes ");
        assertThatThrownBy(() -> new SaveTrainer(world.config("full-stop", options))
                        .disk(full)
                        .stopWhen(() -> true)
                        .run())
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("The run was stopped at step 1 without a checkpoint: it takes ")
                .hasMessageContaining("there is none yet, so free some space");
    }
}
