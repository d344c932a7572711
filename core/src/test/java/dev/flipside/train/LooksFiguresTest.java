package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.Looks;
import dev.flipside.data.Preference;
import dev.flipside.engine.Seeds;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LooksFiguresTest {
    private static LabelledPair pair(int chosen, int rejected) {
        return new LabelledPair(new ScoredRow(new int[chosen], 1), new ScoredRow(new int[rejected], 1));
    }

    /** Pairs whose answers have so many tokens. */
    private static GuardPairs pairs(int[]... lengths) {
        List<LabelledPair> rows = new ArrayList<>();
        for (int[] length : lengths) {
            rows.add(pair(length[0], length[1]));
        }
        Preference words = new Preference(Conversation.ofPrompt("q"), "# a\n- b", "c", OptionalDouble.empty());
        int[][] more = rows.stream().map(r -> GuardPairs.more(words, r)).toArray(int[][]::new);
        return new GuardPairs(rows, more);
    }

    @Test
    void aPairKnowsByHowMuchItsAnswersDiffer() {
        assertThat(pairs(new int[] {7, 3}).more()[0]).containsExactly(4, 2);
    }

    @Test
    void aPairWithAsMuchInBothIsHalfAPreference() {
        GuardPairs pairs = pairs(new int[] {5, 2}, new int[] {2, 2}, new int[] {2, 5}, new int[] {9, 2});
        assertThat(LooksFigures.preferred("x", pairs))
                .containsEntry("data/x/prefers_length_frac", 2.5 / 4)
                .containsEntry("data/x/prefers_markdown_frac", 1.0);
    }

    /** A mistake prefers the rejected answer: longer where the chosen one is shorter. */
    @Test
    void mistakesLeanTowardsTheAnswerThatIsPreferred() {
        GuardPairs pairs =
                pairs(new int[] {5, 2}, new int[] {2, 5}, new int[] {2, 4}, new int[] {3, 3}, new int[] {2, 9});
        boolean[] correct = {false, false, false, false, true};
        assertThat(LooksFigures.mistakes(correct, pairs))
                .containsEntry("eval_trusted/accuracy", 0.2)
                .containsEntry("eval_trusted/wrong_towards_more_length", 2.0)
                .containsEntry("eval_trusted/wrong_towards_less_length", 1.0);
    }

    @Test
    void balancedPairsAreDrawnByTheSeed() {
        int[][] lengths = IntStream.range(0, 40)
                .mapToObj(i -> i < 30 ? new int[] {3 + i, 2} : new int[] {2, 3 + i})
                .toArray(int[][]::new);
        GuardPairs pairs = pairs(lengths);
        List<LabelledPair> some = pairs.balanced(List.of(Looks.LENGTH), new Seeds(1));
        assertThat(some).hasSize(20).isEqualTo(pairs.balanced(List.of(Looks.LENGTH), new Seeds(1)));
        assertThat(some).isNotEqualTo(pairs.balanced(List.of(Looks.LENGTH), new Seeds(2)));
        assertThat(pairs.balanced(List.of(), new Seeds(1))).isSameAs(pairs.pairs());
    }
}
