package dev.flipside.eval;

/** How often a reward model orders the policy's own samples as the truth does. */
public final class OnPolicyAccuracy {
    /** Gold rewards closer than this are the same. */
    private static final double TIE = 1e-6;

    private OnPolicyAccuracy() {}

    /**
     * The share of pairs within a group, with different gold rewards, that {@code scores} orders as {@code gold}; equal
     * scores count one half.
     *
     * @param scores group after group
     * @param gold same layout
     * @return NaN when no pair differs in gold
     */
    public static double of(double[] scores, double[] gold, int groupSize) {
        double right = 0;
        long pairs = 0;
        for (int from = 0; from < scores.length; from += groupSize) {
            for (int i = from; i < from + groupSize; i++) {
                for (int j = from; j < from + groupSize; j++) {
                    if (gold[i] - gold[j] > TIE) {
                        right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                        pairs++;
                    }
                }
            }
        }
        return pairs == 0 ? Double.NaN : right / pairs;
    }
}
