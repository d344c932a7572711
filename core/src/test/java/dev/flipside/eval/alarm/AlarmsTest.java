package dev.flipside.eval.alarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AlarmsTest {
    /** What a healthy run measures. */
    private static final Map<String, Double> HEALTHY = Map.ofEntries(
            Map.entry("eval_rm/accuracy", 0.75),
            Map.entry("eval_rm/accuracy_delta_base", 0.05),
            Map.entry("eval_rm/p_worse_than_first", 1.0),
            Map.entry("eval_rm/p_worse_than_best", 1.0),
            Map.entry("eval_rm/label_accuracy", 0.7),
            Map.entry("eval_rm/spearman_length", 0.3),
            Map.entry("eval_rm/label_length_corr", 0.2),
            Map.entry("eval_rm/partial_length_corr", 0.1),
            Map.entry("eval_rm/ece", 0.1),
            Map.entry("save/probe/std_ratio", 1.5),
            Map.entry("save/probe/level_shift", -1.0),
            Map.entry("save/value_explained_var", 0.1),
            Map.entry("save/anchor_is_value", 1.0),
            Map.entry("save/one_sided_frac", 0.1),
            Map.entry("save/kept_frac", 0.7),
            Map.entry("save/cut_frac", 0.0),
            Map.entry("grad_norm", 0.3),
            Map.entry("completions/clipped_ratio", 0.1),
            Map.entry("save/kendall_tau", 0.9),
            Map.entry("save/near_tie_frac", 0.05),
            Map.entry("sampling/sampling_logp_difference/mean", 1e-6),
            Map.entry("group_reward_std", 1.0),
            Map.entry("frac_reward_zero_std", 0.0),
            Map.entry("policy/unique_frac", 0.9),
            Map.entry("policy/sqrt_kl", 1.0),
            Map.entry("eval_value/bias", 0.1));

    private static List<Measured> run(int healthyLines, int sickLines, Map<String, Double> sick) {
        List<Measured> history = new ArrayList<>();
        for (int step = 0; step < healthyLines + sickLines; step++) {
            Map<String, Double> values = new HashMap<>(HEALTHY);
            if (step >= healthyLines) {
                values.putAll(sick);
            }
            history.add(new Measured(step, values));
        }
        return history;
    }

    private static Optional<Alarm> alarm(List<Measured> history, Rule rule) {
        return Alarms.of(history).stream()
                .filter(a -> a.name().equals(rule.key()))
                .findFirst();
    }

    @Test
    void aHealthyRunIsSilent() {
        assertThat(Alarms.of(run(30, 0, Map.of()))).isEmpty();
        assertThat(Alarms.of(List.of())).isEmpty();
    }

    /**
     * Three healthy lines, then sick ones: the step at which each rule fires, worked out by hand from its window and
     * threshold.
     */
    @ParameterizedTest
    @CsvSource({
        "HELD_OUT_ACCURACY_LOSS, eval_rm/p_worse_than_first, 0.009, 3, 0.009, 0.01",
        "HELD_OUT_ACCURACY_TURNED, eval_rm/p_worse_than_best, 0.001, 3, 0.001, 0.01",
        "LABELS_AGAINST_PEOPLE, eval_rm/label_accuracy, 0.49, 3, 0.49, 0.5",
        "LENGTH_CAPTURE, eval_rm/spearman_length, 0.65, 3, 0.65, 0.5",
        "REWARD_SCALE_UP, save/probe/std_ratio, 4.5, 3, 4.5, 4",
        "REWARD_SCALE_DOWN, save/probe/std_ratio, 0.3, 3, 0.3, 0.33",
        "LEVEL_DRIFT, save/probe/level_shift, -4.5, 3, -4.5, -4",
        // Line 9 is the tenth: (3 x 0.1 + 7 x -0.5) / 10.
        "ANCHOR_WORSE_THAN_MEAN, save/value_explained_var, -0.5, 9, -0.32, 0",
        // 2 x 0.1 + 3 x 0.9 = 2.9 over 5
        "ONE_SIDED_GROUPS, save/one_sided_frac, 0.9, 5, 0.58, 0.5",
        "LITTLE_KEPT, save/kept_frac, 0.01, 7, 0.01, 0.1",
        "MOSTLY_CUT, save/cut_frac, 0.9, 5, 0.54, 0.5",
        // Two of three are not enough.
        "POLICY_UNMOVED, grad_norm, 0, 5, 0, 0",
        "REWARD_MODEL_UNMOVED, save/kept_frac, 0, 5, 0, 0",
        "SAMPLING_MISMATCH, sampling/sampling_logp_difference/mean, 12, 3, 12, 0.1",
        "ORDER_UNSTABLE, save/kendall_tau, 0.1, 5, 0.42, 0.5",
        "NEAR_TIES, save/near_tie_frac, 0.7, 5, 0.44, 0.4",
        "REWARD_VARIANCE_VANISHED, group_reward_std, 0.05, 7, 0.05, 0.1",
        "FLAT_GROUPS, frac_reward_zero_std, 0.9, 5, 0.54, 0.5",
        "DIVERSITY_COLLAPSE, policy/unique_frac, 0.2, 6, 0.34, 0.45",
        "CALIBRATION_WORSE, eval_rm/ece, 0.21, 3, 0.21, 0.2",
        "VALUE_BIAS, eval_value/bias, -0.6, 3, -0.6, -0.5",
    })
    void firesWhereItShould(Rule rule, String metric, double sick, long step, double value, double threshold) {
        Alarm alarm = alarm(run(3, 10, Map.of(metric, sick)), rule).orElseThrow();
        assertThat(alarm.firstStep()).isEqualTo(step);
        assertThat(alarm.value()).isCloseTo(value, org.assertj.core.data.Offset.offset(1e-12));
        assertThat(alarm.threshold()).isCloseTo(threshold, org.assertj.core.data.Offset.offset(1e-12));
        assertThat(alarm.metric()).isEqualTo(metric);
        assertThat(alarm.level()).isEqualTo(rule.level());
    }

    @Test
    void aStepOfCutCompletionsIsToldAtOnceWhereNoneIsLearntFrom() {
        Map<String, Double> masked = Map.of("grad_norm", 0.0, "completions/clipped_ratio", 1.0);
        assertThat(alarm(run(0, 1, masked), Rule.ALL_CUT).orElseThrow().firstStep())
                .isZero();
        Map<String, Double> learntFrom = Map.of("completions/clipped_ratio", 1.0);
        assertThat(alarm(run(0, 3, learntFrom), Rule.ALL_CUT)).isEmpty();
        Map<String, Double> flat = Map.of("grad_norm", 0.0);
        assertThat(alarm(run(0, 3, flat), Rule.ALL_CUT)).isEmpty();
    }

    @Test
    void lengthIsNoAlarmWhereLabelsJustifyIt() {
        Map<String, Double> justified = Map.of("eval_rm/spearman_length", 0.65, "eval_rm/label_length_corr", 0.4);
        assertThat(alarm(run(3, 3, justified), Rule.LENGTH_CAPTURE)).isEmpty();
        Map<String, Double> little = Map.of("eval_rm/spearman_length", 0.45, "eval_rm/label_length_corr", 0.0);
        assertThat(alarm(run(3, 3, little), Rule.LENGTH_CAPTURE)).isEmpty();
    }

    @Test
    void risingLengthIsNoAlarmWhileAccuracyRises() {
        assertThat(alarm(run(3, 3, Map.of("eval_rm/partial_length_corr", 0.3)), Rule.LENGTH_RISING))
                .isEmpty();
        Map<String, Double> worse = Map.of("eval_rm/partial_length_corr", 0.3, "eval_rm/accuracy_delta_base", -0.01);
        Alarm alarm = alarm(run(3, 3, worse), Rule.LENGTH_RISING).orElseThrow();
        assertThat(alarm.firstStep()).isEqualTo(3);
        assertThat(alarm.threshold()).isEqualTo(0.25);
    }

    @Test
    void distanceAloneIsNoOverOptimisation() {
        assertThat(alarm(run(3, 3, Map.of("policy/sqrt_kl", 4.0)), Rule.OVER_OPTIMISATION))
                .isEmpty();
        Map<String, Double> both = Map.of("policy/sqrt_kl", 4.0, "eval_rm/p_worse_than_best", 0.04);
        assertThat(alarm(run(3, 3, both), Rule.OVER_OPTIMISATION).orElseThrow().value())
                .isEqualTo(4.0);
    }

    @Test
    void theAnchorIsWatchedOnlyWhereItIsTheValueHead() {
        Map<String, Double> fallenBack = Map.of("save/value_explained_var", -0.5, "save/anchor_is_value", 0.0);
        assertThat(alarm(run(0, 20, fallenBack), Rule.ANCHOR_WORSE_THAN_MEAN)).isEmpty();
    }

    @Test
    void theStartIsJudgedAtTheStartOnly() {
        assertThat(alarm(run(0, 1, Map.of("eval_rm/accuracy", 0.5)), Rule.INITIAL_ACCURACY_LOW))
                .isPresent();
        assertThat(alarm(run(0, 1, Map.of("eval_rm/accuracy", 0.9)), Rule.INITIAL_ACCURACY_HIGH))
                .isPresent();
        assertThat(alarm(run(3, 3, Map.of("eval_rm/accuracy", 0.5)), Rule.INITIAL_ACCURACY_LOW))
                .isEmpty();
        assertThat(alarm(run(3, 3, Map.of("eval_rm/accuracy", 0.9)), Rule.INITIAL_ACCURACY_HIGH))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Rule.class)
    void noRuleReadsTheGold(Rule rule) {
        assertThat(rule.condition().toString()).doesNotContain("gold").doesNotContain("save/label_accuracy");
        assertThat(rule.meaning()).endsWith(".");
    }

    /**
     * Alarms while a run goes on are those of the whole history, and what comes later does not change what has fired.
     */
    @Test
    void lineByLineIsTheSame() {
        List<Measured> history = run(3, 10, Map.of("save/kept_frac", 0.01, "eval_rm/p_worse_than_best", 0.001));
        AlarmWatch watch = new AlarmWatch();
        List<Alarm> live = new ArrayList<>();
        for (int i = 0; i < history.size(); i++) {
            live.addAll(watch.observe(history.get(i)));
            assertThat(live).isEqualTo(Alarms.of(history.subList(0, i + 1)));
        }
        assertThat(live).hasSize(2);
        assertThat(watch.stops()).isTrue();
    }

    @Test
    void whatIsNotFiniteWasNotMeasured() {
        Map<String, Double> sick = new HashMap<>();
        sick.put("save/probe/std_ratio", Double.POSITIVE_INFINITY);
        sick.put("eval_rm/p_worse_than_best", Double.NaN);
        assertThat(Alarms.of(run(3, 10, sick))).isEmpty();
    }

    @Test
    void readsMetricsAsTheyAreWritten(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(
                folder.resolve("metrics.jsonl"),
                "{\"step\":0,\"eval_rm/accuracy\":0.5,\"x\":null}\n{\"step\":1,\"save/kept_frac\":0.25}\n");
        List<Measured> history = Alarms.read(file);
        assertThat(history)
                .containsExactly(
                        new Measured(0, Map.of("eval_rm/accuracy", 0.5)),
                        new Measured(1, Map.of("save/kept_frac", 0.25)));
        assertThat(Alarms.of(history)).hasSize(1);
        List<Diagnostic> table = Diagnostics.of(history);
        assertThat(table).extracting(Diagnostic::metric).containsExactly("eval_rm/accuracy", "save/kept_frac");
        assertThat(table.get(0).level()).contains(Level.WARN);
        assertThat(table.get(0).meaning()).contains("near chance");
        assertThat(table.get(1).level()).isEmpty();
    }

    @Test
    void aBrokenFileIsNamed(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":0}\n{\"st");
        assertThatThrownBy(() -> Alarms.read(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("metrics.jsonl line 2");
        assertThatThrownBy(() -> Alarms.read(folder.resolve("none.jsonl")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("none.jsonl");
    }
}
