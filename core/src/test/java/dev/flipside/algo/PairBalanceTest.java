package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairBalanceTest {
    private static int[][] oneFeature(int... more) {
        return Arrays.stream(more).mapToObj(m -> new int[] {m}).toArray(int[][]::new);
    }

    private static int[] inOrder(int n) {
        return IntStream.range(0, n).toArray();
    }

    @Test
    void asManyPreferMoreAsLess() {
        assertThat(PairBalance.balanced(oneFeature(3, 1, -2, 5, 4), inOrder(5))).containsExactly(0, 2);
    }

    @Test
    void theOrderSaysWhichOnesStay() {
        assertThat(PairBalance.balanced(oneFeature(3, 1, -2, 5, 4), new int[] {4, 3, 2, 1, 0}))
                .containsExactly(2, 4);
    }

    @Test
    void pairsWithoutADifferenceAllStay() {
        assertThat(PairBalance.balanced(oneFeature(0, 7, 0, 2), inOrder(4))).containsExactly(0, 2);
    }

    @Test
    void noneIsLeftWhereAllPreferTheSame() {
        assertThat(PairBalance.balanced(oneFeature(1, 2, 3), inOrder(3))).isEmpty();
    }

    /** Longer with less Markdown is the opposite of shorter with more, and not of shorter with less. */
    @Test
    void combinationsAreBalancedAgainstTheirOpposites() {
        int[][] more = {{1, -1}, {-1, -1}, {-1, 1}, {1, 0}, {-1, 0}, {0, 0}, {1, 1}};
        assertThat(PairBalance.balanced(more, inOrder(7))).containsExactly(0, 1, 2, 3, 4, 5, 6);
        int[][] withoutPartners = {{1, -1}, {-1, -1}, {1, 0}};
        assertThat(PairBalance.balanced(withoutPartners, inOrder(3))).isEmpty();
    }

    /** Whatever the pairs: no feature is left that tells the preferred answer, and no further couple could be added. */
    @Test
    void nothingIsToldAndNothingIsWasted() {
        SplittableRandom random = new SplittableRandom(3);
        for (int draw = 0; draw < 50; draw++) {
            int[][] more = IntStream.range(0, 40)
                    .mapToObj(i -> new int[] {random.nextInt(-1, 3), random.nextInt(-2, 2)})
                    .toArray(int[][]::new);
            int[] chosen = PairBalance.balanced(more, inOrder(40));
            for (int f = 0; f < 2; f++) {
                int feature = f;
                assertThat(Arrays.stream(chosen)
                                .map(i -> Integer.signum(more[i][feature]))
                                .sum())
                        .isZero();
            }
            boolean[] stays = new boolean[40];
            Arrays.stream(chosen).forEach(i -> stays[i] = true);
            for (int i = 0; i < 40; i++) {
                for (int j = 0; j < 40; j++) {
                    boolean opposite = Integer.signum(more[i][0]) == -Integer.signum(more[j][0])
                            && Integer.signum(more[i][1]) == -Integer.signum(more[j][1]);
                    assertThat(opposite && !stays[i] && !stays[j]).isFalse();
                }
            }
        }
    }

    @Test
    void theOrderIsOfThePairs() {
        assertThatThrownBy(() -> PairBalance.balanced(oneFeature(1, 2), inOrder(3)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
