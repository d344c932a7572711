package dev.flipside.eval;

import dev.flipside.algo.RankCorrelation;
import java.util.function.IntPredicate;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Labelled pairs with the advantages (reward minus anchor) of both answers: does the anchor put people's choices on the
 * right side, and where is the reward model right?
 *
 * @param chosen advantage of the preferred answer, {@code [pairs]}
 * @param rejected that of the other one
 */
public record AnchoredPairs(double[] chosen, double[] rejected) {
    public AnchoredPairs {
        if (chosen.length != rejected.length) {
            throw new IllegalArgumentException(chosen.length + " chosen and " + rejected.length + " rejected answers");
        }
    }

    /** Share of pairs with the chosen answer above and the rejected one below its anchor. */
    public double anchoredFraction() {
        return share(i -> true, this::labelledRight);
    }

    /** Share of all answers on the side of the anchor that their label puts them on. */
    public double labelAccuracy() {
        return IntStream.range(0, chosen.length)
                .mapToDouble(i -> ((chosen[i] > 0 ? 1 : 0) + (rejected[i] < 0 ? 1 : 0)) / 2.0)
                .average()
                .orElse(Double.NaN);
    }

    /** Share of pairs with an answer on either side of the anchor. */
    public double straddlingFraction() {
        return share(i -> true, this::straddles);
    }

    /** Accuracy (chosen above rejected) on the pairs that straddle the anchor; NaN without one. */
    public double straddlingAccuracy() {
        return share(this::straddles, this::ordered);
    }

    /**
     * Accuracy on the pairs with both answers on one side of the anchor: what the reward model knows beyond its own
     * labels; NaN without one.
     */
    public double oneSidedAccuracy() {
        return share(i -> !straddles(i), this::ordered);
    }

    /**
     * This model's accuracy on the pairs of which the labels of an earlier one were not both right; NaN without one. A
     * model that only amplifies what it believed does not improve there.
     *
     * @param earlier the same pairs
     */
    public double accuracyWhereWrong(AnchoredPairs earlier) {
        return share(i -> !earlier.labelledRight(i), this::ordered);
    }

    /** Advantages of all answers, chosen ones first. */
    public double[] advantages() {
        return DoubleStream.concat(DoubleStream.of(chosen), DoubleStream.of(rejected))
                .toArray();
    }

    /** +1 for a chosen and -1 for a rejected answer, in the order of {@link #advantages}. */
    public double[] labels() {
        return IntStream.range(0, 2 * chosen.length)
                .mapToDouble(i -> i < chosen.length ? 1 : -1)
                .toArray();
    }

    /**
     * Spearman's rho of advantage and label over all answers: whether the anchor makes the answers of different prompts
     * comparable.
     */
    public double labelCorrelation() {
        return RankCorrelation.spearman(advantages(), labels());
    }

    private boolean labelledRight(int i) {
        return chosen[i] > 0 && rejected[i] < 0;
    }

    private boolean straddles(int i) {
        return chosen[i] * rejected[i] < 0;
    }

    private boolean ordered(int i) {
        return chosen[i] > rejected[i];
    }

    private double share(IntPredicate among, IntPredicate of) {
        return IntStream.range(0, chosen.length)
                .filter(among)
                .mapToDouble(i -> of.test(i) ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }
}
