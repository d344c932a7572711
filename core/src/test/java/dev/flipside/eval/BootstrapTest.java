package dev.flipside.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    @Test
    void intervalOfTwoValuesIsTheirRange() {
        // Three of the four equally likely resamples reach neither end alone: each end has probability 1/4, far above
        // 2.5 %.
        assertThat(Bootstrap.meanOf(new double[] {1, 3})).isEqualTo(new Interval(2, 1, 3));
    }

    @Test
    void oneValueIsItsOwnInterval() {
        assertThat(Bootstrap.meanOf(new double[] {0.25})).isEqualTo(new Interval(0.25, 0.25, 0.25));
    }

    @Test
    void theSameValuesGiveTheSameInterval() {
        double[] values = {0.05, 0.09, -0.01, 0.06, 0.03};
        assertThat(Bootstrap.meanOf(values)).isEqualTo(Bootstrap.meanOf(values.clone()));
    }

    @Test
    void manyNormalValuesGiveTheNormalInterval() {
        SplittableRandom random = new SplittableRandom(1);
        double[] values = random.doubles(400, 0, 1).toArray();
        Interval interval = Bootstrap.meanOf(values);
        double mean = 0;
        double squares = 0;
        for (double v : values) {
            mean += v / values.length;
            squares += v * v / values.length;
        }
        double half = 1.96 * Math.sqrt((squares - mean * mean) / values.length);
        // Quantiles of 10,000 resampled means of spread half/1.96 are themselves uncertain by about 3 % of half; 10 %
        // is three times that.
        assertThat(interval.mean()).isCloseTo(mean, within(1e-12));
        assertThat(interval.low()).isCloseTo(mean - half, within(0.1 * half));
        assertThat(interval.high()).isCloseTo(mean + half, within(0.1 * half));
    }

    @Test
    void pairedDifferenceForgetsWhatSeedsShare() {
        double[] baseline = {0.1, 0.9, 0.4, 0.7};
        double[] values = {0.15, 0.95, 0.45, 0.75};
        Interval interval = Bootstrap.pairedDifference(values, baseline);
        assertThat(interval.low()).isCloseTo(0.05, within(1e-12));
        assertThat(interval.high()).isCloseTo(0.05, within(1e-12));
    }

    @Test
    void nothingToResampleIsRefused() {
        assertThatThrownBy(() -> Bootstrap.meanOf(new double[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Bootstrap.pairedDifference(new double[] {1}, new double[] {1, 2}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 values, 2 of the baseline");
    }
}
