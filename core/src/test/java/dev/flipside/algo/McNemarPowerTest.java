package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class McNemarPowerTest {
    @Test
    void withoutAPairThatGetsBetterItIsABinomialTail() {
        // At alpha .05 five worse ones of five are needed, since 1/32 <= .05 < 1/16: P(X >= 5), X ~ Binomial(10, .5).
        assertThat(new McNemarPower(10, 0.05).of(0.5, 0)).isCloseTo(638 / 1024.0, within(1e-12));
        // Five pairs, all of which change: significant only when all five are worse.
        assertThat(new McNemarPower(5, 0.05).of(0.75, 0.25)).isCloseTo(Math.pow(0.75, 5), within(1e-12));
    }

    @Test
    void withoutALossItIsAtMostAlpha() {
        for (int pairs : new int[] {20, 100, 400}) {
            assertThat(new McNemarPower(pairs, 0.05).of(0.05, 0.05)).isBetween(0.0, 0.05);
        }
        assertThat(new McNemarPower(100, 0.05).of(0, 0)).isZero();
        assertThat(new McNemarPower(0, 0.05).of(0.5, 0)).isZero();
    }

    /** Against the test itself, 20,000 times: four standard errors of a share of .8 are .011. */
    @ParameterizedTest
    @CsvSource({"25, 0.05, 0.1", "100, 0.05, 0.1", "100, 0.01, 0.1", "400, 0.05, 0.1", "100, 0.05, 0"})
    void theSmallestLossIsFoundAsOftenAsItSays(int pairs, double alpha, double turnover) {
        double loss = new McNemarPower(pairs, alpha).smallestLoss(0.8, turnover).orElseThrow();
        double worse = loss + turnover / 2;
        Random random = new Random(7);
        int found = 0;
        int times = 20_000;
        for (int t = 0; t < times; t++) {
            int lost = 0;
            int won = 0;
            for (int i = 0; i < pairs; i++) {
                double u = random.nextDouble();
                lost += u < worse ? 1 : 0;
                won += u >= worse && u < worse + turnover / 2 ? 1 : 0;
            }
            found += new McNemar(lost, won).significantlyWorse(alpha) ? 1 : 0;
        }
        assertThat((double) found / times).isCloseTo(0.8, within(0.012));
    }

    @Test
    void morePairsSeeSmallerLossesAndTooFewNone() {
        double before = 1;
        for (int pairs : new int[] {25, 50, 100, 200, 400, 1600}) {
            double loss = new McNemarPower(pairs, 0.05).smallestLoss(0.8, 0.1).orElseThrow();
            assertThat(loss).isLessThan(before);
            before = loss;
        }
        // Four wrong answers of four have a p-value of 1/16.
        assertThat(new McNemarPower(4, 0.05).smallestLoss(0.8, 0.1)).isEmpty();
        assertThat(new McNemarPower(5, 0.05).smallestLoss(0.8, 0)).isPresent();
    }
}
