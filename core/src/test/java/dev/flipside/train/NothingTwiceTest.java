package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Precision;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardTerm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a step computes, counted: each completion is graded, judged and asked for its true reward as often as the method
 * needs, and no more.
 */
class NothingTwiceTest {
    private static final int ROWS = 12;

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    /**
     * A function that counts what it is asked, and gives vowels; or the same for all, so that every group is refilled.
     */
    private static final class Counting implements RewardFunction {
        final boolean flat;
        int asked;

        Counting(boolean flat) {
            this.flat = flat;
        }

        @Override
        public String name() {
            return "counting";
        }

        @Override
        public double[] score(List<Sample> samples) {
            asked += samples.size();
            return samples.stream()
                    .mapToDouble(s -> flat ? 1 : TinyWorld.vowels(s.completion()))
                    .toArray();
        }
    }

    /** What one step came to. */
    private record Counts(long graded, long gradings, int judged, int gold, List<String> phases) {
        long sampled() {
            return phases.stream().filter("generate"::equals).count();
        }
    }

    private static Counts step(TrainConfig config, boolean flat, long number) {
        Seeds seeds = new Seeds(1);
        Recorder recorder = new Recorder();
        Counting function = new Counting(flat);
        Counting gold = new Counting(false);
        try (PolicyModel policy =
                        PolicyModel.load(world.policy(), config.policy(), seeds, Device.CPU, Precision.FLOAT32);
                Grader grader = Grader.load(
                        world.rewardModel(),
                        config.rewardModel(),
                        seeds,
                        Device.CPU,
                        Precision.FLOAT32,
                        Optional.empty(),
                        Ranks.ALONE)) {
            TrainingData data = TrainingData.read(config, policy, recorder);
            Round.Setting setting = new Round.Setting(
                    config,
                    seeds,
                    data,
                    new ConfiguredRewards(
                            List.of(new RewardTerm("counting", function, 1)), List.of(), Optional.of(gold)),
                    LabelledPairs.NONE,
                    new EvaluationBaseline(),
                    recorder,
                    Ranks.ALONE);
            try (Round round = Round.begin(0, policy, Optional.of(grader), setting)) {
                long before = grader.gradedRows();
                long passes = grader.gradings();
                recorder.activities.clear();
                round.step(data.promptsOf(number, 3, seeds), Optional.empty(), new Step(number, Device.CPU, recorder));
                return new Counts(
                        grader.gradedRows() - before,
                        grader.gradings() - passes,
                        function.asked,
                        gold.asked,
                        new ArrayList<>(recorder.activities));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Before the update, and after it together with the fresh samples, which were drawn beside the others.
        "save.candidates=fresh, 36, 2, 24, 1",
        // Before and after the update; the fresh samples have another judge, which counts for itself.
        "save.candidates=fresh save.scored_by=initial_rescaled, 24, 2, 24, 1",
        // Before and after: the grades after the update are the policy's rewards.
        "save.candidates=rescore, 24, 2, 12, 1",
        // The teaching samples twice, the policy's own once.
        "save.samples=initial, 36, 3, 24, 2",
        // The policy's rewards are the rescaled model's; the learner grades before and after.
        "save.candidates=rescore save.scored_by=initial_rescaled, 24, 2, 12, 1",
        // The second and the third mini-batch are graded again by the model as it is then.
        "save.candidates=rescore save.relabel=mini_batch save.rm_mini_batches=3, 32, 4, 12, 1",
        "save.preset=off, 12, 1, 12, 1",
    })
    void rowsAreGradedAsOftenAsTheMethodNeeds(String options, long graded, long gradings, int gold, int sampled) {
        List<String> all = new ArrayList<>(List.of(options.split(" ")));
        if (options.equals("save.preset=off")) {
            all.addAll(List.of(
                    "!save.learning_rate",
                    "!save.value_learning_rate",
                    "!save.mask_truncated",
                    "!save.value_warmup_prompts",
                    "!save.calibration_prompts"));
        }
        Counts counts = step(world.config("counted", all), false, 1);
        assertThat(counts.graded()).isEqualTo(graded);
        assertThat(counts.gradings()).isEqualTo(gradings);
        assertThat(counts.judged()).isEqualTo(ROWS);
        assertThat(counts.gold()).isEqualTo(gold);
        assertThat(counts.sampled()).isEqualTo(sampled);
    }

    /** Every group is without a signal, three times over; only what comes is graded. */
    @Test
    void aRefillGradesOnlyWhatComes() {
        TrainConfig config = world.config(
                "refilled", "reward_model.weight=0", "save.update_every=2", "rollout.refill_zero_variance=2");
        Counts counts = step(config, true, 1);
        assertThat(counts.graded()).isEqualTo(3 * ROWS);
        assertThat(counts.judged()).isEqualTo(3 * ROWS);
        assertThat(counts.gold()).isEqualTo(3 * ROWS);
    }

    @Test
    void aStepThatIsNotTheRewardModelsTurnGradesOnce() {
        Counts counts = step(world.config("not-due", "save.update_every=2"), false, 1);
        assertThat(counts.graded()).isEqualTo(ROWS);
        assertThat(counts.phases()).doesNotContain("rm_update");
    }
}
