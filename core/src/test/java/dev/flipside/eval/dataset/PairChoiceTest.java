package dev.flipside.eval.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairChoiceTest {
    /** 100 pairs, of which the reward model contradicts the first twenty, the first most. */
    private static final double[] MARGINS =
            IntStream.range(0, 100).mapToDouble(i -> i - 19.5).toArray();

    @Test
    void halfAreThoseThatItContradictsMost() {
        List<Integer> chosen = PairChoice.of(MARGINS, 20, 1);
        assertThat(chosen).doesNotHaveDuplicates().hasSize(20);
        assertThat(chosen).containsAll(IntStream.range(0, 10).boxed().toList());
        // The rest is drawn from all others, most of which it orders as labelled.
        assertThat(chosen.stream().filter(pair -> pair >= 20)).hasSizeGreaterThan(4);
    }

    @Test
    void theOrderDoesNotTellTheHalvesApart() {
        List<Integer> chosen = PairChoice.of(MARGINS, 20, 1);
        assertThat(chosen.subList(0, 10)).anyMatch(pair -> pair >= 10).anyMatch(pair -> pair < 10);
    }

    @Test
    void chanceTakesThePlaceOfContradictionsThatAreNotThere() {
        double[] agrees = new double[50];
        Arrays.fill(agrees, 1);
        assertThat(PairChoice.of(agrees, 8, 1)).doesNotHaveDuplicates().hasSize(8);
    }

    @Test
    void ofFewPairsAllAreTaken() {
        assertThat(PairChoice.of(new double[] {-1, 2, 0}, 10, 1)).containsExactlyInAnyOrder(0, 1, 2);
        assertThat(PairChoice.of(new double[0], 10, 1)).isEmpty();
    }

    @Test
    void theSeedDecides() {
        assertThat(PairChoice.of(MARGINS, 20, 1))
                .isEqualTo(PairChoice.of(MARGINS, 20, 1))
                .isNotEqualTo(PairChoice.of(MARGINS, 20, 2));
    }
}
