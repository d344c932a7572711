package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SplitsTest {
    private static List<List<Integer>> fitting(List<Integer> items, long most, int count) {
        return Splits.fitting(items, Integer::longValue, most, count);
    }

    @Test
    void partsHoldAsMuchAsFits() {
        assertThat(fitting(List.of(3, 4, 2, 5, 1), 7, 9)).containsExactly(List.of(3, 4), List.of(2, 5), List.of(1));
        assertThat(fitting(List.of(), 7, 9)).isEmpty();
    }

    @Test
    void aLargerItemIsAPartOfItsOwn() {
        assertThat(fitting(List.of(1, 20, 1), 7, 9)).containsExactly(List.of(1), List.of(20), List.of(1));
    }

    @Test
    void theirNumberIsBoundedToo() {
        assertThat(fitting(List.of(1, 1, 1, 1, 1), 100, 2)).containsExactly(List.of(1, 1), List.of(1, 1), List.of(1));
    }
}
