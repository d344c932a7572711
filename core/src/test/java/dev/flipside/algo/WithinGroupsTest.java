package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class WithinGroupsTest {
    private static final int GROUPS = 3;
    private static final int SAMPLES = 4;

    /** Rewards that are their group's level and half a point a token lose the half point, not the level. */
    @Test
    void whatLengthExplainsIsGone() {
        double[][] rewards = {{1, 2, 3}, {10, 10.5, 12.5}};
        double[][][] lengths = {{{0}, {2}, {4}}, {{7}, {8}, {12}}};

        double[][] residuals = WithinGroups.residuals(rewards, lengths, Groups.allUsable(rewards));

        assertThat(residuals[0]).containsExactly(new double[] {2, 2, 2}, within(1e-12));
        assertThat(residuals[1]).containsExactly(new double[] {11, 11, 11}, within(1e-12));
    }

    /** The slope is 1, from the first two; the third is corrected by it, from their mean length of 1. */
    @Test
    void unusableSamplesDoNotEnterTheSlope() {
        double[][] residuals = WithinGroups.residuals(
                new double[][] {{0, 2, 100}, {5, 7, 9}},
                new double[][][] {{{0}, {2}, {11}}, {{1}, {2}, {3}}},
                new boolean[][] {{true, true, false}, {true, false, false}});

        assertThat(residuals[0]).containsExactly(new double[] {1, 1, 90}, within(1e-12));
        assertThat(residuals[1]).containsExactly(new double[] {5, 6, 7}, within(1e-12));
    }

    @Test
    void withoutTwoUsableSamplesOrWithoutDifferencesNothingChanges() {
        double[][] rewards = {{1, 2}, {3, 5}};
        double[][][] alike = {{{4, 0}, {4, 0}}, {{4, 0}, {4, 0}}};
        double[][][] other = {{{1, 1}, {2, 3}}, {{4, 5}, {4, 0}}};

        assertThat(WithinGroups.residuals(rewards, alike, Groups.allUsable(rewards)))
                .isDeepEqualTo(rewards);
        assertThat(WithinGroups.residuals(rewards, other, new boolean[][] {{true, false}, {false, false}}))
                .isDeepEqualTo(rewards);
    }

    /** What is left does not vary with any feature, also where one repeats the other, and means are as before. */
    @Property
    void residualsAreOrthogonalToEveryFeature(@ForAll("numbers") double[] numbers) {
        double[][] rewards = new double[GROUPS][SAMPLES];
        double[][][] features = new double[GROUPS][SAMPLES][];
        for (int p = 0; p < GROUPS; p++) {
            for (int i = 0; i < SAMPLES; i++) {
                int k = p * SAMPLES + i;
                rewards[p][i] = numbers[k];
                double feature = numbers[numbers.length - 1 - k];
                features[p][i] = new double[] {feature, 2 * feature, numbers[GROUPS * SAMPLES + k]};
            }
        }
        double[][] residuals = WithinGroups.residuals(rewards, features, Groups.allUsable(rewards));
        for (int f = 0; f < 3; f++) {
            double product = 0;
            for (int p = 0; p < GROUPS; p++) {
                double mean = Groups.mean(residuals[p]);
                assertThat(mean).isCloseTo(Groups.mean(rewards[p]), within(1e-9));
                for (int i = 0; i < SAMPLES; i++) {
                    product += (residuals[p][i] - mean) * features[p][i][f];
                }
            }
            // Twelve products of numbers up to 20 and rewards up to 10.
            assertThat(product).isCloseTo(0, within(1e-7));
        }
    }

    @Provide
    Arbitrary<double[]> numbers() {
        return Arbitraries.doubles().between(-10, 10).array(double[].class).ofSize(3 * GROUPS * SAMPLES);
    }
}
