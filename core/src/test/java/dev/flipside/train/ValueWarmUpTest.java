package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValueWarmUpTest {
    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    private static Recorder run(String name, String... overrides) {
        Recorder recorder = new Recorder();
        new SaveTrainer(world.config(name, overrides)).listener(recorder).run();
        return recorder;
    }

    /** With enough samples of the same six prompts a linear head on the prompt's state can tell their means. */
    @Test
    void ridgeFindsTheMeansOfThePrompts() {
        Recorder recorder = run(
                "ridge",
                "run.max_steps=1",
                "rollout.num_generations=16",
                "rollout.generation_batch_size=96",
                "save.value_warmup_prompts=24");
        Map<String, Double> start = recorder.lines.get(0);
        assertThat(start.get("save/warmup_r2")).isBetween(0.1, 1.0);
        assertThat(start.get("save/warmup_r2_ceiling")).isBetween(start.get("save/warmup_r2") - 0.2, 1.0);
        assertThat(start.get("save/warmup_r2_over_ceiling"))
                .isCloseTo(start.get("save/warmup_r2") / start.get("save/warmup_r2_ceiling"), within(1e-9));
        assertThat(start.get("save/filter_floor")).isPositive();
        assertThat(recorder.warnings).isEmpty();
        assertThat(recorder.metric(1, "save/value/std")).as("prompts differ").isGreaterThan(0.05);
        assertThat(recorder.steps.get(1L))
                .containsKeys("save/value_explained_var", "save/value_explained_var_over_ceiling");
    }

    @Test
    void aHeadWorseThanTheMeanGivesWayUnlessForced() {
        String[] poor = {"save.value_warmup=sgd", "save.value_warmup_prompts=4", "run.max_steps=1"};
        Recorder recorder = run("poor", poor);
        assertThat(recorder.lines.get(0).get("save/warmup_r2")).isNegative();
        assertThat(recorder.warnings).singleElement().asString().contains("falls back to leave_one_out");
        // The others' mean as the anchor: advantages of a group add up to 0.
        assertThat(recorder.metric(1, "save/advantage/mean")).isCloseTo(0, within(1e-9));

        Recorder forced = run(
                "forced",
                "save.value_warmup=sgd",
                "save.value_warmup_prompts=4",
                "run.max_steps=1",
                "save.force_anchor=true");
        assertThat(forced.warnings).singleElement().asString().contains("force_anchor keeps it");
        assertThat(Math.abs(forced.metric(1, "save/advantage/mean"))).isGreaterThan(1e-3);
    }

    @Test
    void offLeavesTheHeadAsItStarts() {
        Recorder recorder = run("off", "save.value_warmup=off", "!save.value_warmup_prompts", "run.max_steps=1");
        assertThat(recorder.lines.get(0)).doesNotContainKey("save/warmup_r2");
        assertThat(recorder.metric(1, "save/value/mean")).as("zeros").isZero();
    }

    /** Policy and reward model carry over, the reference is reset, the value head is fitted again. */
    @Test
    void everyRoundBeginsAgain() {
        Recorder recorder = run("rounds", "run.rounds=2", "run.max_steps=2", "algorithm.beta=0.1");
        List<Map<String, Double>> warmUps = recorder.lines.stream()
                .filter(m -> m.containsKey("save/warmup_r2"))
                .toList();
        assertThat(warmUps).hasSize(2);
        assertThat(warmUps.get(0).get("round")).isEqualTo(0);
        assertThat(warmUps.get(1).get("round")).isEqualTo(1);
        assertThat(warmUps.get(1).get("save/filter_floor"))
                .isNotEqualTo(warmUps.get(0).get("save/filter_floor"));
        // The reference runs in other batches than the policy: k3 squares a rounding error of about 1e-6.
        assertThat(recorder.metric(1, "kl")).isLessThan(1e-11);
        assertThat(recorder.metric(2, "kl")).isGreaterThan(1e-9);
        assertThat(recorder.metric(3, "kl")).as("reset").isLessThan(1e-11);
        assertThat(recorder.metric(4, "kl")).isGreaterThan(1e-9);
        assertThat(recorder.metric(3, "round")).isEqualTo(1);
        assertThat(recorder.metric(4, "policy/weight_change"))
                .isGreaterThan(recorder.lines.stream()
                        .filter(m -> m.containsKey("policy/weight_change"))
                        .findFirst()
                        .orElseThrow()
                        .get("policy/weight_change"));
    }
}
