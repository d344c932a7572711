package dev.flipside.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.ComparisonConfig;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Goldens: scipy 1.17.1 ({@code permutation_test} over all samples, {@code ttest_1samp}, {@code t.ppf}) and statsmodels
 * 0.15.0 ({@code multipletests}).
 */
class PairedTestsTest {
    private static final double[] EIGHT = {0.102, 0.035, 0.060, 0.061, 0.142, 0.055, 0.038, 0.068};
    private static final double[] SIX = {0.012, -0.004, 0.020, -0.011, 0.03, 0.009};

    @Test
    void signFlipCountsAllPatternsAsScipyDoes() {
        assertThat(signFlip(EIGHT)).isEqualTo(0.0078125);
        assertThat(signFlip(SIX)).isEqualTo(0.21875);
    }

    @Test
    void aSignFlipTestKnowsNoDirection() {
        double[] other = Arrays.stream(SIX).map(d -> -d).toArray();
        assertThat(signFlip(other)).isEqualTo(signFlip(SIX));
    }

    /**
     * By hand: of the eight patterns of (1, 1, -1) only +++ and --- have a larger mean; all others tie with the one
     * seen.
     */
    @Test
    void tiesCountAndZerosDoNotHelp() {
        assertThat(signFlip(1, 1, -1)).isEqualTo(1);
        assertThat(signFlip(0, 0, 0)).isEqualTo(1);
        assertThat(signFlip(0.1, 0.2, 0.3)).isEqualTo(0.25);
    }

    @Test
    void manySeedsAreSampledAndAgreeWithTheExactTest() {
        double[] twenty =
                IntStream.range(0, 20).mapToDouble(i -> Math.sin(7 * i) + 0.3).toArray();
        double exact = signFlip(twenty);
        // A seed whose arms are equal changes nothing, but makes the number of patterns too large to enumerate.
        double sampled = signFlip(Arrays.copyOf(twenty, 21));
        assertThat(exact).isBetween(0.02, 0.3);
        // Five standard errors of 100,000 draws.
        assertThat(sampled).isCloseTo(exact, within(5 * Math.sqrt(exact * (1 - exact) / 1e5)));
    }

    @Test
    void pairedTIsScipys() {
        assertThat(PairedTests.pValue(ComparisonConfig.Test.PAIRED_T, EIGHT))
                .isCloseTo(0.0008394554567592482, within(1e-12));
        assertThat(PairedTests.pValue(ComparisonConfig.Test.PAIRED_T, SIX))
                .isCloseTo(0.19032269728676024, within(1e-12));
    }

    @Test
    void oneSeedIsNoTest() {
        for (ComparisonConfig.Test test : ComparisonConfig.Test.values()) {
            assertThat(PairedTests.pValue(test, new double[] {0.1})).isNaN();
            assertThat(PairedTests.smallestPValue(test, 1)).isEqualTo(1);
        }
        assertThat(PairedTests.detectable(Double.NaN, 1, 0.05)).isInfinite();
        assertThat(PairedTests.pValue(ComparisonConfig.Test.PAIRED_T, new double[] {0.1, 0.1}))
                .isNaN();
    }

    @Test
    void theSmallestPValueIsThatOfEqualSigns() {
        for (int n = 2; n <= 10; n++) {
            double[] equal = new double[n];
            Arrays.fill(equal, 0.5);
            assertThat(PairedTests.smallestPValue(ComparisonConfig.Test.SIGN_FLIP, n))
                    .isEqualTo(signFlip(equal));
        }
    }

    @Test
    void detectableDifferenceIsOfTheTDistribution() {
        assertThat(PairedTests.detectable(0.03559067895631422, 8, 0.05)).isCloseTo(0.041029477118763986, within(1e-9));
        assertThat(PairedTests.detectable(0.015095253117012205, 6, 0.05)).isCloseTo(0.021508287486018282, within(1e-9));
    }

    @Test
    void holmIsStatsmodels() {
        assertThat(Holm.adjusted(new double[] {.01, .04, .03, .005}))
                .containsExactly(new double[] {.03, .06, .06, .02}, within(1e-12));
    }

    /** A test that could not be made was planned all the same: the others pay for it. */
    @Test
    void holmCountsTestsThatCouldNotBeMade() {
        assertThat(Holm.adjusted(new double[] {.01, Double.NaN})).containsExactly(.02, Double.NaN);
        assertThat(Holm.adjusted(new double[] {.9, .8})).containsExactly(1, 1);
        assertThat(Holm.adjusted(new double[0])).isEmpty();
    }

    private static double signFlip(double... differences) {
        return PairedTests.pValue(ComparisonConfig.Test.SIGN_FLIP, differences);
    }
}
