package dev.flipside.algo;

/** Whether a reward model's probabilities for labelled pairs mean what they say. */
public final class Calibration {
    private Calibration() {}

    /** The probability {@code sigmoid(chosen - rejected)} that a reward model gives to each label, {@code [pairs]}. */
    public static double[] probabilities(double[] chosen, double[] rejected) {
        Groups.requireSameLength("chosen", chosen.length, "rejected", rejected.length);
        double[] p = new double[chosen.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = Logistic.sigmoid(chosen[i] - rejected[i]);
        }
        return p;
    }

    /**
     * Expected calibration error (arXiv 1706.04599): the mean over pairs of the gap between confidence {@code max(p, 1
     * - p)} and accuracy within bins of equal width on [0.5, 1]. A pair is right when p is above one half.
     *
     * @param probabilities of the chosen answer, {@code [pairs]}
     * @return 0 to 1; NaN without pairs
     */
    public static double expectedCalibrationError(double[] probabilities, int bins) {
        Groups.requirePositive("bins", bins);
        double[] gap = new double[bins];
        for (double p : probabilities) {
            double confidence = Math.max(p, 1 - p);
            int bin = Math.min(bins - 1, (int) ((confidence - 0.5) * 2 * bins));
            gap[bin] += (p > 0.5 ? 1.0 : 0.0) - confidence;
        }
        double sum = 0;
        for (double g : gap) {
            sum += Math.abs(g);
        }
        return sum / probabilities.length;
    }

    /** Brier score: the mean of {@code (1 - p)^2}; 0.25 for a model that knows nothing, NaN without pairs. */
    public static double brier(double[] probabilities) {
        double sum = 0;
        for (double p : probabilities) {
            sum += (1 - p) * (1 - p);
        }
        return sum / probabilities.length;
    }
}
