package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.algo.Advantages.ScaleRewards;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdvantagesTest {
    @ParameterizedTest
    @EnumSource(ScaleRewards.class)
    void equalRewardsGiveExactlyZero(ScaleRewards scale) {
        // 0.1 has no exact mean in binary: ((0.1 + 0.1 + 0.1) / 3 is not 0.1), so only an equality test gives exact
        // zeros.
        double[] rewards = {0.1, 0.1, 0.1, 1, 2, 4};
        assertThat(Arrays.copyOf(Advantages.grpo(rewards, 3, scale), 3)).containsOnly(0.0);
        assertThat(Arrays.copyOf(Advantages.rloo(rewards, 3), 3)).containsOnly(0.0);
    }

    @ParameterizedTest
    @EnumSource(ScaleRewards.class)
    void unscorableRewardsChangeNothingForTheOthers(ScaleRewards scale) {
        double[] with = Advantages.grpo(new double[] {1, Double.NaN, 3, 8}, 4, scale);
        double[] without = Advantages.grpo(new double[] {1, 3, 8}, 3, scale);
        assertThat(with).containsExactly(without[0], 0.0, without[1], without[2]);
        double[] rloo = Advantages.rloo(new double[] {1, Double.NaN, 3, 8}, 4);
        assertThat(rloo).containsExactly(-4.5, 0.0, -1.5, 6.0);
    }

    @Test
    void groupsWithOneOrNoScorableRewardGetZero() {
        double[] rewards = {Double.NaN, 5, Double.NaN, Double.NaN};
        assertThat(Advantages.grpo(rewards, 2, ScaleRewards.GROUP)).containsOnly(0.0);
        assertThat(Advantages.rloo(rewards, 2)).containsOnly(0.0);
    }

    @Test
    void groupOfOneAndPartialGroupsAreRefused() {
        assertThatThrownBy(() -> Advantages.grpo(new double[] {7}, 1, ScaleRewards.GROUP))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 2");
        assertThatThrownBy(() -> Advantages.rloo(new double[] {7}, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Advantages.rloo(new double[5], 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("whole groups");
    }
}
