package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingOptionsTest {
    private static SamplingOptions of(double temperature, List<String> stop) {
        return new SamplingOptions(temperature, 1, 0, 0, 1, 8, false, stop);
    }

    /** Below, logits leave float32, and their infinities would be put down to the model's weights. */
    @ParameterizedTest
    @ValueSource(doubles = {0, -1, 1e-300, 9e-5, Double.NaN, Double.POSITIVE_INFINITY})
    void temperaturesThatNoLogitSurvivesAreRefused(double temperature) {
        assertThatThrownBy(() -> of(temperature, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "rollout.temperature: " + temperature
                                + " is out of range; it must be a number from 1.0E-4 on (for the most probable token set greedy).");
        assertThat(of(1e-4, List.of()).temperature()).isEqualTo(1e-4);
    }

    @Test
    void anEmptyStopStringIsShown() {
        assertThatThrownBy(() -> of(1, List.of("a", "")))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("rollout.stop: ['a', ''] is out of range");
    }
}
