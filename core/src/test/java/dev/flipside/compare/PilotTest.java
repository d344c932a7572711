package dev.flipside.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PilotTest {
    /** Of five seeds: mean .05, standard deviation .0158. */
    private static final double[] GAIN = {0.03, 0.04, 0.05, 0.06, 0.07};

    @TempDir
    Path folder;

    private Path pilot;

    private ComparisonConfig config(String seeds, String... overrides) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "comparison.seeds=" + seeds,
                "comparison.baseline=frozen",
                "comparison.criterion=SAVE raises it",
                "comparison.detectable_effect=0.02",
                "comparison.outcomes=[{metric: eval_gold, role: primary}]",
                "base.world=w",
                "arms.frozen={}",
                "arms.save={}"));
        all.addAll(List.of(overrides));
        return ConfigReader.comparison(Files.writeString(folder.resolve("empty.yaml"), ""), all);
    }

    @BeforeEach
    void aPilotOfFiveSeeds() throws IOException {
        pilot = folder.resolve("pilot");
        try (ComparisonDirectory directory =
                ComparisonDirectory.open(pilot, config("[1, 2, 3, 4, 5]", "comparison.output_dir=" + pilot))) {
            directory.register(config("[1, 2, 3, 4, 5]", "comparison.output_dir=" + pilot), List.of());
        }
        for (int i = 0; i < GAIN.length; i++) {
            metrics(i + 1, "frozen", 0.6, 10);
            metrics(i + 1, "save", 0.6 + GAIN[i], 30);
        }
    }

    private void metrics(int seed, String arm, double gold, double seconds) throws IOException {
        Path run = Files.createDirectories(ComparisonDirectory.run(pilot, seed, arm));
        Files.writeString(
                run.resolve("metrics.jsonl"),
                String.format(
                        Locale.ROOT,
                        "{\"step\":1,\"step_time\":%s}%n{\"step\":2,\"step_time\":%s,\"eval_gold\":%s}%n",
                        seconds / 2,
                        seconds / 2,
                        gold));
    }

    /** (t(.975) + t(.8)) .0158 / sqrt(n) is .0209 for 7 seeds (2.447 and .906) and .0185 for 8. */
    @Test
    void itSaysHowManySeedsFindTheEffect() throws IOException {
        Pilot read = Pilot.read(pilot, config("[11, 12, 13, 14, 15, 16]"));
        Pilot.Power save = read.power().get(0);
        assertThat(read.power()).hasSize(1);
        assertThat(save.arm()).isEqualTo("save");
        assertThat(save.deviation()).isCloseTo(0.0158114, within(1e-6));
        assertThat(save.needed()).hasValue(8);
        assertThat(PairedTests.detectable(save.deviation(), 7, 0.05)).isGreaterThan(0.02);
        assertThat(save.detectable()).isEqualTo(PairedTests.detectable(save.deviation(), 6, 0.05));
        // The lower fifth of chi-square with 4 degrees of freedom is 1.6488.
        assertThat(save.bound()).isCloseTo(save.deviation() * Math.sqrt(4 / 1.6488), within(1e-5));
        assertThat(save.neededAtBound().getAsInt()).isGreaterThan(8);
    }

    /** A sign-flip test of five seeds cannot reach .05 however small the spread. */
    @Test
    void theTestMustBeAbleToReachItsLevel() throws IOException {
        ComparisonConfig large = config("[11, 12]", "comparison.detectable_effect=0.5");
        assertThat(Pilot.read(pilot, large).power().get(0).needed()).hasValue(6);
        ComparisonConfig student = config("[11, 12]", "comparison.detectable_effect=0.5", "comparison.test=paired_t");
        assertThat(Pilot.read(pilot, student).power().get(0).needed()).hasValue(2);
    }

    @Test
    void itSaysHowLongTheStepsTake() throws IOException {
        Pilot read = Pilot.read(pilot, config("[11, 12, 13]", "arms.gold={}"));
        assertThat(read.stepSeconds()).containsEntry("frozen", 10.0).containsEntry("save", 30.0);
        // The arm that the pilot had not counts as the slowest: 3 x (10 + 30 + 30) s.
        assertThat(read.stepHours(config("[11, 12, 13]", "arms.gold={}"))).isCloseTo(210 / 3600.0, within(1e-12));
    }

    @Test
    void aSeedOfThePilotIsSpent() {
        assertThatThrownBy(() -> Pilot.read(pilot, config("[7, 5]")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("comparison.seeds: seed 5 was in the pilot");
    }

    @Test
    void aPilotOfSomethingElseIsRefused() {
        assertThatThrownBy(() -> Pilot.read(pilot, config("[7]", "comparison.baseline=gold", "arms.gold={}")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no arm gold");
        assertThatThrownBy(() -> Pilot.read(
                        pilot, config("[7]", "comparison.outcomes=[{metric: eval_rm/accuracy, role: primary}]")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("measured no primary outcome");
    }
}
