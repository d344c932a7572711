package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.ConfigReader;
import dev.flipside.config.Looks;
import dev.flipside.config.SaveConfig;
import dev.flipside.eval.alarm.Measured;
import dev.flipside.run.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What preset auto decides, from lines of metrics written out. */
class AutoCourseTest {
    @TempDir
    Path folder;

    private Path file;
    private AutoCourse auto;
    private List<Decision> changes = List.of();
    private long step;

    @BeforeEach
    void labelledPairs() throws IOException {
        file = Files.writeString(
                folder.resolve("run.yaml"),
                """
                policy: {model: p}
                reward_model: {model: r}
                data: {prompts: p.jsonl, preferences: q.jsonl, eval_preferences: h.jsonl}
                """);
        auto = new AutoCourse(save());
    }

    private SaveConfig save(String... overrides) {
        return ConfigReader.train(
                        file,
                        Stream.concat(Stream.of("save.preset=auto"), Stream.of(overrides))
                                .toList())
                .save();
    }

    private void trustedPairs() {
        auto = new AutoCourse(save("data.trusted_preferences=t.jsonl"));
    }

    private void line(Object... metrics) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < metrics.length; i += 2) {
            values.put((String) metrics[i], ((Number) metrics[i + 1]).doubleValue());
        }
        changes = auto.observe(new Measured(step++, values));
    }

    private void labelsFollowLength(double share, double correlation) {
        line("data/preferences/prefers_length_frac", share, "save/spearman_length", correlation);
    }

    private void mistakes(int longer, int shorter) {
        line("eval_trusted/wrong_towards_more_length", longer, "eval_trusted/wrong_towards_less_length", shorter);
    }

    @Test
    void itBeginsProjectedAsConfigured() {
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 0, 1, List.of(), List.of()));
        trustedPairs();
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 1, List.of(), List.of()));
    }

    @Test
    void lengthThatLabelsAndRewardsFollowIsTakenOut() {
        labelsFollowLength(0.74, 0.6);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 1, List.of(Looks.LENGTH), List.of(Looks.LENGTH)));
        assertThat(changes)
                .extracting(Decision::decision)
                .containsExactly(
                        "length is taken out of the advantages, and as many labelled pairs are trained on that prefer the shorter answer as prefer the longer answer: 74 % of the labels of data.preferences prefer the longer answer, and the reward model orders the policy's samples by length (Spearman 0.60)");
    }

    @Test
    void neitherLabelsNorRewardsAloneAccuseIt() {
        labelsFollowLength(0.69, 0.9);
        assertThat(auto.course().residualised()).isEmpty();
        step = 0;
        labelsFollowLength(0.9, 0.0);
        assertThat(auto.course().residualised()).isEmpty();
        assertThat(changes).extracting(Decision::decision).isEmpty();
    }

    /** The mean of the last five: .5, .6, .7, .8 and .9 make .7. */
    @Test
    void duringTheRunMoreIsAskedOfTheCorrelationThatOfTheLastFiveLines() {
        labelsFollowLength(0.8, -1);
        for (double correlation : new double[] {0.5, 0.6, 0.7, 0.8}) {
            line("save/spearman_length", correlation);
            assertThat(auto.course().residualised()).isEmpty();
        }
        line("save/spearman_length", 0.9);
        assertThat(auto.course().residualised()).containsExactly(Looks.LENGTH);
    }

    /** Five of five: p = 1/32; four of four: 1/16. */
    @Test
    void mistakesOnTrustedPairsAccuseIt() {
        trustedPairs();
        mistakes(4, 0);
        assertThat(auto.course().residualised()).isEmpty();
        mistakes(5, 0);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 1, List.of(Looks.LENGTH), List.of()));
        assertThat(changes)
                .extracting(Decision::decision)
                .singleElement()
                .asString()
                .contains("of 5 trusted pairs", "the longer answer in 5 (p 0.031)");
    }

    @Test
    void trustedPairsThatLeanTheOtherWayAcquitIt() {
        trustedPairs();
        line(
                "data/preferences/prefers_length_frac",
                0.8,
                "save/spearman_length",
                0.7,
                "eval_trusted/wrong_towards_more_length",
                2,
                "eval_trusted/wrong_towards_less_length",
                3);
        assertThat(auto.course().residualised()).isEmpty();
    }

    @Test
    void itCountsAgainOnceMistakesSayThatItIsMissing() {
        trustedPairs();
        mistakes(8, 0);
        mistakes(1, 5);
        assertThat(auto.course().residualised()).containsExactly(Looks.LENGTH);
        mistakes(0, 6);
        assertThat(auto.course().residualised()).isEmpty();
        assertThat(changes)
                .extracting(Decision::decision)
                .singleElement()
                .asString()
                .startsWith("length counts again: of 6 trusted pairs");
    }

    @Test
    void looksThatTheConfigurationTakesOutStayOut() {
        auto = new AutoCourse(save("save.residualise=[markdown]"));
        assertThat(auto.course().residualised()).containsExactly(Looks.MARKDOWN);
        labelsFollowLength(0.8, 0.8);
        assertThat(auto.course().residualised()).containsExactly(Looks.LENGTH, Looks.MARKDOWN);
        assertThat(auto.course().balanced()).containsExactly(Looks.LENGTH);
    }

    private void updates(double rollbacks, int n) {
        for (int i = 0; i < n; i++) {
            line("save/rollbacks", rollbacks);
        }
    }

    private double rung() {
        return auto.figures().get("save/auto/rung");
    }

    @Test
    void eachRollbackIsARungDownAndTenUpdatesThatPassOneUp() {
        step = 1;
        updates(0, 1);
        assertThat(rung()).isZero();
        updates(1, 1);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 1, List.of(), List.of()));
        updates(1, 9);
        assertThat(rung()).isEqualTo(1);
        updates(1, 1);
        assertThat(rung()).isZero();
        assertThat(changes)
                .extracting(Decision::decision)
                .containsExactly("the update is projected on the pairs alone: 10 updates have passed the gate");
        updates(2, 1);
        updates(3, 1);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 0.25, List.of(), List.of()));
        updates(4, 1);
        assertThat(auto.course().learns()).isFalse();
    }

    @Test
    void itRestsForTenStepsAndTriesAgainUntilTheGateHasHadEnough() {
        step = 1;
        updates(1, 1);
        updates(2, 1);
        updates(3, 1);
        // Nothing is learnt, so the gate has nothing to say.
        idle(9);
        assertThat(auto.course().learns()).isFalse();
        line();
        assertThat(rung()).isEqualTo(2);
        updates(4, 1);
        idle(10);
        assertThat(rung()).isEqualTo(2);
        updates(5, 1);
        idle(50);
        assertThat(auto.course().learns()).isFalse();
    }

    /** Pairs that are trained on from the start cannot be fallen back to. */
    @Test
    void withTrustedPairsTheFirstRungDownIsTheLowerRate() {
        trustedPairs();
        step = 1;
        updates(1, 1);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 0.25, List.of(), List.of()));
        updates(1, 10);
        assertThat(auto.course()).isEqualTo(new Course(true, 1, 1, 1, List.of(), List.of()));
        assertThat(changes)
                .extracting(Decision::decision)
                .containsExactly("the learning rate is save.learning_rate again: 10 updates have passed the gate");
    }

    @Test
    void aNewRoundCountsItsRollbacksFromZero() {
        step = 1;
        updates(2, 1);
        line("round", 1);
        updates(0, 1);
        assertThat(rung()).isEqualTo(1);
        updates(1, 1);
        assertThat(rung()).isEqualTo(2);
    }

    /** Five in a row end the learning of a round, not that of the next one. */
    @Test
    void aNewRoundBeginsWithANewGate() {
        step = 1;
        for (int rollbacks = 1; rollbacks <= 3; rollbacks++) {
            updates(rollbacks, 1);
        }
        for (int rollbacks = 4; rollbacks <= 5; rollbacks++) {
            idle(10);
            updates(rollbacks, 1);
        }
        idle(30);
        assertThat(auto.course().learns()).isFalse();
        line("round", 1);
        idle(9);
        assertThat(auto.course().learns()).isTrue();
    }

    private void idle(int lines) {
        for (int i = 0; i < lines; i++) {
            line();
        }
    }

    /** What the last evaluation said counts until the next one. */
    @Test
    void anAcquittalLastsUntilTheNextEvaluation() {
        trustedPairs();
        mistakes(2, 3);
        labelsFollowLength(0.8, 0.9);
        assertThat(auto.course().residualised()).isEmpty();
        mistakes(3, 3);
        assertThat(auto.course().residualised()).containsExactly(Looks.LENGTH);
    }

    @Test
    void whatIsNotANumberWasNotMeasured() {
        labelsFollowLength(0.9, Double.NaN);
        assertThat(auto.course().residualised()).isEmpty();
    }
}
