package dev.flipside.algo;

import static dev.flipside.algo.Numbers.assertClose;

import dev.flipside.algo.Advantages.ScaleRewards;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** What adding to, or multiplying, the rewards of a group does to its advantages. */
class AdvantagesPropertiesTest {
    @Provide
    Arbitrary<double[]> rewards() {
        return Arbitraries.doubles().between(-10, 10).array(double[].class).ofSize(8);
    }

    @Property(tries = 200)
    void shiftOfAGroupChangesNothing(
            @ForAll("rewards") double[] rewards, @ForAll @DoubleRange(min = -100, max = 100) double shift) {
        double[] shifted = rewards.clone();
        for (int i = 0; i < 4; i++) {
            shifted[i] += shift;
        }
        // Rewards up to 110 carry rounding errors of 1e-14, which the division by a std of at least 1e-4 raises to
        // 1e-10.
        for (ScaleRewards scale : ScaleRewards.values()) {
            if (scale != ScaleRewards.BATCH) {
                assertClose(Advantages.grpo(shifted, 4, scale), Advantages.grpo(rewards, 4, scale), 1e-8);
            }
        }
        assertClose(Advantages.rloo(shifted, 4), Advantages.rloo(rewards, 4), 1e-8);
    }

    @Property(tries = 200)
    void scaleIsInvisibleToGrpoAndMultipliesTheOthers(
            @ForAll("rewards") double[] rewards, @ForAll @DoubleRange(min = 0.1, max = 10) double factor) {
        double[] scaled = Arrays.stream(rewards).map(r -> factor * r).toArray();
        double[] grpo = Advantages.grpo(rewards, 8, ScaleRewards.GROUP);
        double std = Groups.std(rewards);
        // a d / (a s + eps) and d / (s + eps) differ by at most |d| eps |a - 1| / (s a s): eps / s times a number below
        // 20.
        assertClose(
                Advantages.grpo(scaled, 8, ScaleRewards.GROUP),
                grpo,
                25 * Advantages.STD_EPSILON / Math.max(std, 1e-9));
        double[] centred = Advantages.grpo(rewards, 4, ScaleRewards.NONE);
        double[] rloo = Advantages.rloo(rewards, 4);
        assertClose(
                Advantages.grpo(scaled, 4, ScaleRewards.NONE),
                Arrays.stream(centred).map(a -> factor * a).toArray(),
                1e-10);
        assertClose(
                Advantages.rloo(scaled, 4),
                Arrays.stream(rloo).map(a -> factor * a).toArray(),
                1e-10);
    }

    @Property(tries = 200)
    void rlooIsTheRewardMinusTheMeanOfTheOthers(
            @ForAll("rewards") double[] rewards, @ForAll @IntRange(max = 7) int sample) {
        double others = 0;
        for (int i = 0; i < 8; i++) {
            others += i == sample ? 0 : rewards[i] / 7;
        }
        assertClose(Advantages.rloo(rewards, 8)[sample], rewards[sample] - others, 1e-12);
    }
}
