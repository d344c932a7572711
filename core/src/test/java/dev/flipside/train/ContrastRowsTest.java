package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.algo.AnchoredContrast;
import dev.flipside.algo.Groups;
import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an update of the reward model computes, and that what it leaves out has no part in the loss. */
class ContrastRowsTest {
    private static final double[][] REWARDS = {{0.3, -1.2, 0.9}, {2, 1, 0.1}, {-0.4, 0.2, 0.7}};
    /** Both signs with an ambiguous one; one sign alone; nothing. */
    private static final int[][] LABELS = {{1, -1, 0}, {1, 1, 0}, {0, 0, 0}};

    /** Three groups of three: prompts of 2, 3 and 4 tokens, replies of 5, 6 and 7. */
    private static TeachingBatch batch() {
        List<ScoredRow> rows = new ArrayList<>();
        for (int p = 0; p < 3; p++) {
            for (int i = 0; i < 3; i++) {
                int[] ids = new int[2 + p + 5 + i];
                Arrays.fill(ids, 0, 2 + p, p);
                Arrays.fill(ids, 2 + p, ids.length, 10 + i);
                rows.add(new ScoredRow(ids, 2 + p));
            }
        }
        return new TeachingBatch(
                rows, Groups.allUsable(REWARDS), Optional.empty(), Optional.empty(), new Grades(REWARDS, new double[] {
                    0, 0, 0
                }));
    }

    @Test
    void onlyWhatTheLossDependsOnIsComputed() {
        boolean[][] needed = AnchoredContrast.contributing(AnchoredContrast.Form.ANCHORED, LABELS);
        ContrastRows rows = ContrastRows.of(batch(), new int[] {2, 0, 1}, needed);
        // Of the last prompt nothing but itself, of the first two replies, and the second has no contrast.
        assertThat(rows.rows()).extracting(r -> r.ids().length).containsExactly(4, 7, 8, 3);
        assertThat(rows.places()).isDeepEqualTo(new int[][] {{-1, -1, -1}, {1, 2, -1}, {-1, -1, -1}});
        assertThat(rows.values()).containsExactly(0, 1, 3);
        double[][] rewards = rows.rewards(new double[] {9, 10, 11, 12}, REWARDS);
        assertThat(rewards).isDeepEqualTo(new double[][] {{0.3, -1.2, 0.9}, {10, 11, 0.1}, {-0.4, 0.2, 0.7}});
        assertThat(rows.values(new double[] {9, 10, 11, 12})).containsExactly(9, 10, 12);
    }

    @Test
    void aPromptIsCountedOnce() {
        boolean[][] needed = AnchoredContrast.contributing(AnchoredContrast.Form.ANCHORED_ALL_KEPT, LABELS);
        assertThat(ContrastRows.of(batch(), new int[] {0}, needed).tokens()).isEqualTo(2 + 5 + 6);
        assertThat(ContrastRows.of(batch(), new int[] {1}, needed).tokens()).isEqualTo(3 + 5 + 6);
        assertThat(ContrastRows.of(batch(), new int[] {2}, needed).tokens()).isEqualTo(4);
    }

    @ParameterizedTest
    @EnumSource
    void theLossIsConstantInEveryOtherReward(AnchoredContrast.Form form) {
        AnchoredContrast.Options options = new AnchoredContrast.Options(form, 0.1, OptionalDouble.empty());
        double[][] anchors = new double[3][3];
        AnchoredContrast.Evaluation expected = AnchoredContrast.evaluate(REWARDS, anchors, LABELS, 2, options);
        boolean[][] contributing = AnchoredContrast.contributing(form, LABELS);
        int left = 0;
        for (int p = 0; p < 3; p++) {
            for (int i = 0; i < 3; i++) {
                double[][] moved = {REWARDS[0].clone(), REWARDS[1].clone(), REWARDS[2].clone()};
                moved[p][i] += 1;
                double loss = AnchoredContrast.evaluate(moved, anchors, LABELS, 2, options)
                        .loss();
                if (contributing[p][i]) {
                    assertThat(loss).isNotEqualTo(expected.loss());
                } else {
                    left++;
                    assertThat(loss).isEqualTo(expected.loss());
                    assertThat(expected.gradRewards()[p][i]).isZero();
                }
            }
        }
        assertThat(left).isEqualTo(form == AnchoredContrast.Form.ANCHORED_ALL_KEPT ? 5 : 7);
    }
}
