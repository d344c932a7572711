package dev.flipside.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class NumbersTest {
    @Test
    void figuresKeepThreeDecimalsAndTinyOnesAnExponent() {
        assertThat(Numbers.number(0.12345)).isEqualTo("0.123");
        assertThat(Numbers.number(-0.00012)).isEqualTo("-1.2e-04");
        assertThat(Numbers.number(12345.6)).isEqualTo("12346");
        assertThat(Numbers.number(0)).isEqualTo("0.000");
        assertThat(Numbers.number(Double.NaN)).isEqualTo("-");
        assertThat(Numbers.fixed(2.5, 0)).isEqualTo("3");
        assertThat(Numbers.fixed(-0.126, 2)).isEqualTo("-0.13");
    }

    @Test
    void differencesHaveTheirSign() {
        assertThat(Numbers.signed(0.0125)).isEqualTo("+0.013");
        assertThat(Numbers.signed(0)).isEqualTo("+0.000");
        assertThat(Numbers.signedWhole(-11.6)).isEqualTo("-12");
        assertThat(Numbers.signedInterval(-0.01, 0.034)).isEqualTo("[-0.010, +0.034]");
    }

    @Test
    void sharesAreInPerCentAndEmptyWhereThereIsNone() {
        assertThat(Numbers.percent(0.4814)).isEqualTo("48.1");
        assertThat(Numbers.percent(1)).isEqualTo("100.0");
        assertThat(Numbers.percent(Double.NaN)).isEmpty();
        assertThat(Numbers.signedPercent(0.015)).isEqualTo("+1.5");
        assertThat(Numbers.signedPercent(Double.NaN)).isEmpty();
        assertThat(Numbers.percentInterval(0.45, 0.512)).isEqualTo("[45.0, 51.2]");
        assertThat(Numbers.percentInterval(Double.NaN, Double.NaN)).isEmpty();
        assertThat(Numbers.percentRange(0.45, 0.512)).isEqualTo("45.0 to 51.2");
    }

    @Test
    void probabilitiesKeepThreeDecimalsAndTinyOnesAnExponent() {
        assertThat(Numbers.pValue(0.0123)).isEqualTo("0.012");
        assertThat(Numbers.pValue(0.00012)).isEqualTo("1.2e-04");
        assertThat(Numbers.pValue(0)).isEqualTo("0.0e+00");
        assertThat(Numbers.pValue(Double.NaN)).isEmpty();
    }

    @Test
    void sizesHaveTheirUnit() {
        assertThat(Numbers.count(1_234_567)).isEqualTo("1,234,567");
        assertThat(Numbers.fileSize(999_949)).isEqualTo("999.9 kB");
        assertThat(Numbers.fileSize(1_000_000)).isEqualTo("1.0 MB");
        assertThat(Numbers.megabytes(12_345_678)).isEqualTo("12.3 MB");
        assertThat(Numbers.mebibytes(3 << 19)).isEqualTo("1.5");
        assertThat(Numbers.gibibytes(3L << 29)).isEqualTo("1.5 GiB");
    }

    @Test
    void timesAreSecondsOrClockTimes() {
        assertThat(Numbers.seconds(12.34)).isEqualTo("12.3 s");
        assertThat(Numbers.duration(59.4)).isEqualTo("0:59");
        assertThat(Numbers.duration(3725)).isEqualTo("1:02:05");
        assertThat(Numbers.rate(12.34, "answers")).isEqualTo("12.3 answers/s");
    }

    @Test
    void aLocaleWithACommaChangesNothing() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertThat(Numbers.percentInterval(0.1, 0.2)).isEqualTo("[10.0, 20.0]");
            assertThat(Numbers.count(1_234)).isEqualTo("1,234");
        } finally {
            Locale.setDefault(before);
        }
    }
}
