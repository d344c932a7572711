package dev.flipside.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.eval.alarm.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonResultTest {
    private static final double[] BASE = {0.60, 0.70, 0.65, 0.62, 0.58, 0.66, 0.64, 0.61};
    private static final double[] GAIN = {0.102, 0.035, 0.060, 0.061, 0.142, 0.055, 0.038, 0.068};

    @TempDir
    Path folder;

    private ComparisonConfig config(String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "comparison.seeds=[1, 2, 3, 4, 5, 6, 7, 8]",
                "comparison.baseline=frozen",
                "comparison.criterion=SAVE raises it",
                "comparison.detectable_effect=0.05",
                "comparison.outcomes=[{metric: eval_gold, role: primary}, {metric: eval_rm/accuracy}]",
                "base.world=w",
                "arms.frozen={}",
                "arms.save={}"));
        all.addAll(List.of(overrides));
        try {
            return ConfigReader.comparison(Files.writeString(folder.resolve("empty.yaml"), ""), all);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double[] plus(double[] base, double[] gain, double sign) {
        double[] sum = new double[base.length];
        Arrays.setAll(sum, i -> base[i] + sign * gain[i]);
        return sum;
    }

    private static ComparisonResult of(ComparisonConfig config, Map<String, double[]> gold) {
        return ComparisonResult.of(config, List.of(gold, gold));
    }

    /** From another arm the same differences with the other sign; and no verdict, because that was not asked. */
    @Test
    void againstAnotherArmNothingIsJudged() {
        ComparisonResult result = of(config(), Map.of("frozen", BASE, "save", plus(BASE, GAIN, 1)));
        OutcomeResult gold = result.against("save").outcomes().get(0);
        assertThat(gold.differences()).containsOnlyKeys("frozen");
        Difference frozen = gold.differences().get("frozen");
        assertThat(frozen.interval().mean())
                .isEqualTo(
                        -result.outcomes()
                                .get(0)
                                .differences()
                                .get("save")
                                .interval()
                                .mean(),
                        within(1e-12));
        assertThat(frozen.verdict()).isEqualTo(Verdict.NONE);
        assertThat(frozen.corrected()).isNaN();
    }

    @Test
    void differencesArePairedBySeed() {
        ComparisonResult result = of(config(), Map.of("frozen", BASE, "save", plus(BASE, GAIN, 1)));
        OutcomeResult gold = result.outcomes().get(0);
        Difference save = gold.differences().get("save");
        assertThat(save.bySeed()).containsExactly(GAIN, within(1e-12));
        assertThat(save.interval().mean())
                .isCloseTo(Arrays.stream(GAIN).average().orElseThrow(), within(1e-12));
        assertThat(save.pValue()).isEqualTo(0.0078125);
        assertThat(save.verdict()).isEqualTo(Verdict.MET);
        assertThat(result.verdict()).isEqualTo(Verdict.MET);
        // A secondary outcome has the same numbers, is not corrected and decides nothing.
        Difference secondary = result.outcomes().get(1).differences().get("save");
        assertThat(secondary.pValue()).isEqualTo(save.pValue());
        assertThat(secondary.corrected()).isNaN();
        assertThat(secondary.verdict()).isEqualTo(Verdict.NONE);
    }

    @Test
    void theDirectionOfTheCriterionCounts() {
        Map<String, double[]> worse = Map.of("frozen", BASE, "save", plus(BASE, GAIN, -1));
        assertThat(of(config(), worse).verdict()).isEqualTo(Verdict.OPPOSITE);
        String lower = "comparison.outcomes=[{metric: eval_gold, role: primary, direction: lower}, {metric: b}]";
        assertThat(of(config(lower), worse).verdict()).isEqualTo(Verdict.MET);
    }

    @Test
    void withoutSignificanceThePowerDecides() {
        double[] small = {0.012, -0.004, 0.020, -0.011, 0.03, 0.009, -0.02, 0.001};
        Map<String, double[]> values = Map.of("frozen", BASE, "save", plus(BASE, small, 1));
        // The standard deviation is 0.0164: eight seeds detect 0.019 with probability 0.8.
        assertThat(of(config("comparison.detectable_effect=0.05"), values).verdict())
                .isEqualTo(Verdict.NOT_MET);
        assertThat(of(config("comparison.detectable_effect=0.01"), values).verdict())
                .isEqualTo(Verdict.TOO_FEW_SEEDS);
    }

    @Test
    void runsThatEqualTheBaselineAreNoResult() {
        ComparisonConfig config = config("comparison.detectable_effect=10");
        assertThat(of(config, Map.of("frozen", BASE, "save", BASE.clone())).verdict())
                .isEqualTo(Verdict.UNCHANGED);
        double[] two = Arrays.copyOf(BASE, 2);
        assertThat(of(
                                config("comparison.detectable_effect=10", "comparison.seeds=[1, 2]"),
                                Map.of("frozen", two, "save", two))
                        .verdict())
                .isEqualTo(Verdict.TOO_FEW_SEEDS);
        double[] oneSeed = BASE.clone();
        oneSeed[2] += 1e-9;
        assertThat(of(config, Map.of("frozen", BASE, "save", oneSeed)).verdict())
                .isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void fourSeedsAreTooFewForAPermutationTest() {
        ComparisonConfig config = config("comparison.seeds=[1, 2, 3, 4]", "comparison.detectable_effect=10");
        Map<String, double[]> values =
                Map.of("frozen", Arrays.copyOf(BASE, 4), "save", Arrays.copyOf(plus(BASE, GAIN, 1), 4));
        assertThat(of(config, values).verdict()).isEqualTo(Verdict.TOO_FEW_SEEDS);
    }

    @Test
    void holmIsOverTheCriterionsArmsAndPrimaryOutcomesAlone() {
        Map<String, double[]> values =
                Map.of("frozen", BASE, "save", plus(BASE, GAIN, 1), "random", plus(BASE, GAIN, -1));
        ComparisonResult both = of(config("arms.random={}"), values);
        assertThat(both.outcomes().get(0).differences().get("save").corrected()).isEqualTo(2 * 0.0078125);
        // One part holds, the other is turned round: the criterion as a whole is not met.
        assertThat(both.verdict()).isEqualTo(Verdict.OPPOSITE);

        ComparisonResult one = of(config("arms.random={}", "comparison.criterion_arms=[save]"), values);
        assertThat(one.outcomes().get(0).differences().get("save").corrected()).isEqualTo(0.0078125);
        assertThat(one.outcomes().get(0).differences().get("random").verdict()).isEqualTo(Verdict.NONE);
        assertThat(one.verdict()).isEqualTo(Verdict.MET);

        ComparisonResult raw = of(config("arms.random={}", "comparison.correction=none"), values);
        assertThat(raw.outcomes().get(0).differences().get("save").corrected()).isEqualTo(0.0078125);
    }

    @Test
    void seedsThatOneArmDidNotMeasureAreLeftOut() {
        double[] save = plus(BASE, GAIN, 1);
        save[3] = Double.NaN;
        double[] nothing = new double[8];
        Arrays.fill(nothing, Double.NaN);
        ComparisonResult result = of(
                config("arms.blind={}", "comparison.criterion_arms=[save]"),
                Map.of("frozen", BASE, "save", save, "blind", nothing));
        assertThat(result.outcomes().get(0).differences().get("save").seeds()).isEqualTo(7);
        assertThat(result.outcomes().get(0).differences()).doesNotContainKey("blind");
        assertThat(result.outcomes().get(0).mean("blind")).isNaN();
    }

    @Test
    void aRunsValueIsItsLastOrItsMean() {
        List<Measured> run = List.of(
                new Measured(0, Map.of("eval_gold", 0.2)),
                new Measured(1, Map.of("loss", 1.0)),
                new Measured(2, Map.of("eval_gold", 0.6)),
                new Measured(3, Map.of("loss", 1.0)));
        String mean = "comparison.outcomes=[{metric: eval_gold, role: primary, over: mean}, {metric: b}]";
        assertThat(RunOutcomes.value(config().comparison().outcomes().get(0), run))
                .isEqualTo(0.6);
        assertThat(RunOutcomes.value(config(mean).comparison().outcomes().get(0), run))
                .isEqualTo(0.4);
        assertThat(RunOutcomes.value(config(mean).comparison().outcomes().get(1), run))
                .isNaN();
    }
}
