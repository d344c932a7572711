package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs with {@code run.dtype: bfloat16} on the CPU. */
class RoundedTrainingTest {
    private static final String MISMATCH = "sampling/sampling_logp_difference/";

    /** What float32 leaves between sampling and training: sums in another order. Rounded weights are alike in both. */
    private static final double ORDER = 1e-4;

    private static final List<String> WITH_A_STATE = List.of(
            "run.dtype=bfloat16",
            "run.max_steps=4",
            "run.rounds=2",
            "run.save_steps=3",
            "algorithm.beta=0.1",
            "save.preset=guarded",
            "save.anchor=frozen",
            "save.guard_batch=4",
            "eval.eval_steps=2");

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void write() {
        world = new TinyWorld(folder);
    }

    private static Recorder record(String name, String... overrides) {
        Recorder recorder = new Recorder();
        new SaveTrainer(world.config(name, overrides)).listener(recorder).run();
        return recorder;
    }

    private static double difference(Recorder actual, Recorder expected, long step, String name) {
        return Math.abs(actual.metric(step, name) - expected.metric(step, name));
    }

    /** A run trains, near one in float32 and not on it; what it samples is what it trains on. */
    @Test
    void sampledAndTrainedLogprobsAreAlike() {
        Recorder plain = record("float32");
        Recorder rounded = record("bfloat16", "run.dtype=bfloat16");
        for (long step = 1; step <= 2; step++) {
            assertThat(rounded.metric(step, MISMATCH + "max")).isLessThan(ORDER);
            assertThat(rounded.metric(step, "grad_norm")).isFinite().isPositive();
            assertThat(rounded.metric(step, "save/rm_grad_norm")).isFinite().isPositive();
        }
        // Other tokens may be sampled: two weights in a thousand of their size apart.
        assertThat(rounded.metric(1, "entropy")).isCloseTo(plain.metric(1, "entropy"), within(0.05));
        assertThat(difference(rounded, plain, 1, "entropy")).isPositive();
    }

    @Test
    void theDefaultIsFloat32() {
        Path left = new SaveTrainer(world.config("default")).run().folder();
        Path right = new SaveTrainer(world.config("explicit", "run.dtype=float32"))
                .run()
                .folder();
        RunFiles.assertSameResult(left, right);
    }

    private static List<String> options(List<String> options, boolean resume) {
        return Stream.concat(
                        options.stream(),
                        Stream.of(
                                "data.preferences=" + world.file("pairs.jsonl"),
                                "data.eval_preferences=" + world.file("eval-pairs.jsonl"),
                                "data.eval_prompts=" + world.file("eval-prompts.jsonl"),
                                "run.resume=" + resume))
                .toList();
    }

    private static Path run(String name, List<String> options, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        return new SaveTrainer(world.config(name, options(options, false)))
                .stopWhen(() -> steps.incrementAndGet() >= stopAfter)
                .run()
                .folder();
    }

    /** In the first round and in the second, whose reference policy is held in bfloat16 alone. */
    @Test
    void aStoppedRunEndsInTheSameBytes() {
        Path whole = run("whole", WITH_A_STATE, Integer.MAX_VALUE);
        for (int stopAfter : new int[] {2, 5}) {
            String name = "stopped-" + stopAfter;
            Path stopped = run(name, WITH_A_STATE, stopAfter);
            new SaveTrainer(world.config(name, options(WITH_A_STATE, true))).run();
            RunFiles.assertSameResult(stopped, whole);
        }
    }

    @Test
    void adaptersOnOneBackboneTrainToo() {
        Recorder rounded = new Recorder();
        new SaveTrainer(world.config("lora", "run.dtype=bfloat16", "policy.lora={r: 4}", "reward_model.lora={r: 4}"))
                .listener(rounded)
                .run();
        assertThat(rounded.metric(2, MISMATCH + "max")).isLessThan(ORDER);
    }

    @Test
    void rewardModelsTrain() {
        TrainingOfRewards plain = TrainingOfRewards.run(world, "rm-float32");
        TrainingOfRewards rounded = TrainingOfRewards.run(world, "rm-bfloat16", "run.dtype=bfloat16");
        assertThat(rounded.loss()).isCloseTo(plain.loss(), within(0.02)).isNotEqualTo(plain.loss());
    }

    private record TrainingOfRewards(double loss) {
        static TrainingOfRewards run(TinyWorld world, String name, String... overrides) {
            Recorder recorder = new Recorder();
            new RewardTrainer(world.rewardTraining(name, overrides))
                    .listener(recorder)
                    .run();
            return new TrainingOfRewards(recorder.metric(2, "loss"));
        }
    }

    /** Twenty steps on a real language model, for which a few hundredths of reward are noise. */
    @Test
    @Tag("slow")
    void aRealModelLearnsAsInFloat32() throws Exception {
        Path own = Files.createDirectories(folder.resolve("stories"));
        StoriesRun.prepare(own);
        double[] rewards = new double[2];
        String[] types = {"float32", "bfloat16"};
        for (int i = 0; i < types.length; i++) {
            Recorder recorder = new Recorder();
            new SaveTrainer(StoriesRun.config(own, types[i], "run.dtype=" + types[i], "run.max_steps=20"))
                    .listener(recorder)
                    .run();
            for (long step = 1; step <= 20; step++) {
                assertThat(recorder.metric(step, MISMATCH + "max")).isLessThan(ORDER);
            }
            rewards[i] = recorder.metric(20, "reward");
        }
        assertThat(rewards[1]).isFinite().isCloseTo(rewards[0], within(0.5));
    }
}
