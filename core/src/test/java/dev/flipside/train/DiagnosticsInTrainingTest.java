package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarm;
import dev.flipside.eval.alarm.Alarms;
import dev.flipside.eval.alarm.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Diagnostics, alarms and the stop rule in a whole run, also in one that was stopped and resumed. */
class DiagnosticsInTrainingTest {
    private static final List<String> EVERYTHING = List.of(
            "run.max_steps=3",
            "run.save_steps=1",
            "algorithm.beta=0.1",
            "save.force_anchor=true",
            "eval.eval_steps=1",
            "eval.num_generations=4",
            "eval.value_samples=4",
            "eval.frozen_twin=true");
    /** Labels by coin and steps large enough to ruin any reward model. */
    private static final List<String> RUINOUS = List.of(
            "run.max_steps=12",
            "run.save_steps=0",
            "save.labels=random_signs",
            "save.learning_rate=0.1",
            "save.force_anchor=true",
            "eval.eval_steps=1",
            "run.stop_rule=held_out");

    @TempDir
    static Path folder;

    private static TinyWorld world;
    private static List<String> warnings;

    @BeforeAll
    static void write() {
        world = new TinyWorld(folder);
    }

    private static List<String> options(List<String> options, boolean pairs, String... more) {
        List<String> all = new ArrayList<>(options);
        if (pairs) {
            all.add("data.eval_preferences=" + world.file("eval-pairs.jsonl"));
        }
        all.add("data.eval_prompts=" + world.file("eval-prompts.jsonl"));
        all.addAll(List.of(more));
        return all;
    }

    private static TrainingResult run(String name, List<String> options, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        warnings = new ArrayList<>();
        return new SaveTrainer(world.config(name, options))
                .listener(new TrainListener() {
                    @Override
                    public void warning(String line) {
                        warnings.add(line);
                    }
                })
                .stopWhen(() -> steps.incrementAndGet() >= stopAfter)
                .run();
    }

    @Test
    void theStartIsItsOwnMeasure() {
        Path run = run("start", options(EVERYTHING, true), Integer.MAX_VALUE).folder();
        List<JsonNode> lines = RunFiles.metrics(run);
        JsonNode start = lines.get(0);
        assertThat(start.get("save/probe/std_ratio").asDouble()).isEqualTo(1);
        assertThat(start.get("save/probe/level_shift").asDouble()).isZero();
        assertThat(start.get("save/probe/kendall_tau").asDouble()).isEqualTo(1);
        assertThat(start.get("save/probe/anchor_drift").asDouble()).isZero();
        assertThat(start.get("eval_rm/p_worse_than_first").asDouble()).isEqualTo(1);
        assertThat(start.get("eval_twin/reward_gap").asDouble()).isZero();
        assertThat(start.get("eval_twin/kendall_tau").asDouble()).isEqualTo(1);
        // The policy has not moved: only the random numbers of the two estimates could differ, and they are the same.
        assertThat(start.get("eval_value/r2").asDouble())
                .isEqualTo(start.get("eval_value/r2_initial").asDouble());
        JsonNode end = lines.get(3);
        assertThat(end.get("save/probe/std_ratio").asDouble()).isNotEqualTo(1);
        assertThat(end.get("save/probe/anchor_drift").asDouble()).isPositive();
        assertThat(end.get("eval_twin/reward_gap").asDouble()).isNotZero();
        assertThat(end.get("eval_value/bias").asDouble())
                .isNotEqualTo(end.get("eval_value/bias_initial").asDouble());
        for (String name : List.of(
                "save/kendall_tau",
                "save/near_tie_frac",
                "save/confident_frac",
                "policy/distinct_2",
                "policy/unique_frac",
                "policy/sqrt_kl",
                "eval_policy/unique_frac",
                "eval_rm/label_length_corr",
                "eval_rm/partial_length_corr",
                "eval_rm/spearman_length",
                "eval_rm/anchored_frac",
                "eval_rm/label_accuracy_decile_10",
                "eval_rm/advantage_label_corr")) {
            assertThat(end.path(name).isNumber()).as(name).isTrue();
        }
    }

    @Test
    void aStoppedRunMeasuresTheSame() {
        for (boolean pairs : new boolean[] {true, false}) {
            Path whole = run("whole-" + pairs, options(EVERYTHING, pairs), Integer.MAX_VALUE)
                    .folder();
            Path stopped =
                    run("stopped-" + pairs, options(EVERYTHING, pairs), 2).folder();
            run("stopped-" + pairs, options(EVERYTHING, pairs, "run.resume=true"), Integer.MAX_VALUE);
            RunFiles.assertSameResult(stopped, whole);
            assertThat(RunFiles.lines(stopped.resolve("alarms.json")))
                    .isEqualTo(RunFiles.lines(whole.resolve("alarms.json")));
            assertThat(RunFiles.metrics(whole)
                            .get(3)
                            .path("save/probe/std_ratio")
                            .isNumber())
                    .isTrue();
        }
    }

    @Test
    void theStopRuleEndsARunThatTurned() throws Exception {
        // One that knows the held-out pairs by heart has far to fall.
        Path good = new RewardTrainer(world.rewardTraining(
                        "good",
                        "data.preferences=" + world.file("eval-pairs.jsonl"),
                        "!data.eval_preferences",
                        "data.eval_fraction=0",
                        "training.max_steps=60",
                        "training.learning_rate=1e-2"))
                .run()
                .folder();
        List<String> ruinous = new ArrayList<>(RUINOUS);
        ruinous.add("reward_model.model=" + good.resolve("final"));
        TrainingResult result = run("ruined", options(ruinous, true), Integer.MAX_VALUE);
        List<Alarm> alarms = Alarms.of(Alarms.read(result.folder().resolve("metrics.jsonl")));
        assertThat(result.completed()).isTrue();
        assertThat(result.steps()).isBetween(1L, 11L);
        assertThat(result.totalSteps()).isEqualTo(12);
        assertThat(result.folder().resolve("policy")).isDirectory();
        assertThat(alarms.get(alarms.size() - 1).firstStep()).isEqualTo(result.steps());
        assertThat(warnings)
                .containsAll(alarms.stream()
                        .filter(a -> a.level() != Level.INFO)
                        .map(Alarm::sentence)
                        .toList())
                .last()
                .asString()
                .contains("run.stop_rule");
        JsonNode written = JsonMapper.builder()
                .build()
                .readTree(result.folder().resolve("alarms.json").toFile());
        assertThat(written).hasSameSizeAs(alarms);
        assertThat(written.get(0).get("first_step").asLong())
                .isEqualTo(alarms.get(0).firstStep());
        assertThat(written.get(0).get("level").asText())
                .isEqualTo(alarms.get(0).level().key());

        // Asked to stop in the step before, and resumed: the same end.
        Path stopped = run("ruined-stopped", options(ruinous, true), (int) result.steps() - 1)
                .folder();
        TrainingResult resumed = run("ruined-stopped", options(ruinous, true, "run.resume=true"), Integer.MAX_VALUE);
        assertThat(resumed.steps()).isEqualTo(result.steps());
        RunFiles.assertSameResult(stopped, result.folder());

        // An ended run stays ended, until the rule is switched off.
        TrainingResult again = run("ruined", options(ruinous, true, "run.resume=true"), Integer.MAX_VALUE);
        assertThat(again.steps()).isEqualTo(result.steps());
        List<String> on = new ArrayList<>(options(ruinous, true, "run.resume=true"));
        on.remove("run.stop_rule=held_out");
        assertThat(run("ruined", on, Integer.MAX_VALUE).steps()).isEqualTo(12);
    }

    @Test
    void optionsWithoutWhatTheyNeedAreRefused() {
        assertThatThrownBy(() -> world.config("x", "run.stop_rule=held_out"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("data.eval_preferences");
        assertThatThrownBy(() -> world.config("x", "eval.value_samples=8"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("eval.value_samples");
        assertThatThrownBy(() -> world.config("x", "eval.value_samples=1"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("eval.value_samples");
        assertThatThrownBy(() -> world.config("x", "eval.frozen_twin=true"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("eval.frozen_twin");
    }
}
