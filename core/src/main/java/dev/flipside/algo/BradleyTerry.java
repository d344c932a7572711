package dev.flipside.algo;

import java.util.Optional;

/**
 * The loss of a reward model on labelled pairs, with {@code x = chosen - rejected - margin}:
 *
 * <pre>
 *   mean over pairs of  (1 - eps) softplus(-x) + eps softplus(x) + centering (chosen + rejected)^2
 * </pre>
 *
 * The margin is that of Llama 2 (arXiv 2307.09288), the centring that of arXiv 2312.09244 (TRL's
 * {@code center_rewards_coefficient}).
 */
public final class BradleyTerry {
    private BradleyTerry() {}

    /**
     * The options of the loss.
     *
     * @param labelSmoothing eps, the chance that a label is wrong, from 0 to below 0.5
     * @param centeringCoefficient at least 0
     */
    public record Options(double labelSmoothing, double centeringCoefficient) {
        public Options {
            requireSmoothing(labelSmoothing);
            Groups.requireNotNegative("centeringCoefficient", centeringCoefficient);
        }
    }

    /**
     * The loss of some pairs.
     *
     * @param gradChosen derivative with respect to the rewards of the chosen answers, {@code [pairs]}
     * @param gradRejected derivative with respect to those of the rejected answers, {@code [pairs]}
     * @param correct pairs whose chosen answer has the higher reward; a tie is wrong, and the margin plays no part
     */
    public record Evaluation(double loss, double[] gradChosen, double[] gradRejected, int correct) {}

    /**
     * Evaluates the pairs of a micro-batch.
     *
     * @param chosen {@code [pairs]}
     * @param rejected {@code [pairs]}
     * @param margins by how much each chosen reward should be ahead, {@code [pairs]}
     * @param normaliser the number of pairs of the whole optimiser batch
     */
    public static Evaluation evaluate(
            double[] chosen, double[] rejected, Optional<double[]> margins, double normaliser, Options options) {
        Groups.requireSameLength("chosen", chosen.length, "rejected", rejected.length);
        margins.ifPresent(m -> Groups.requireSameLength("chosen", chosen.length, "margins", m.length));
        Groups.requirePositive("normaliser", normaliser);
        double eps = options.labelSmoothing;
        double loss = 0;
        int correct = 0;
        double[] gradChosen = new double[chosen.length];
        double[] gradRejected = new double[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            double x = chosen[i] - rejected[i] - (margins.isPresent() ? margins.get()[i] : 0.0);
            double level = chosen[i] + rejected[i];
            loss += ((1 - eps) * Logistic.softplus(-x)
                            + eps * Logistic.softplus(x)
                            + options.centeringCoefficient * level * level)
                    / normaliser;
            double contrast = (eps - Logistic.sigmoid(-x)) / normaliser;
            double centering = 2 * options.centeringCoefficient * level / normaliser;
            gradChosen[i] = centering + contrast;
            gradRejected[i] = centering - contrast;
            correct += chosen[i] > rejected[i] ? 1 : 0;
        }
        return new Evaluation(loss, gradChosen, gradRejected, correct);
    }

    static void requireSmoothing(double eps) {
        if (!(eps >= 0 && eps < 0.5)) {
            throw new IllegalArgumentException("label smoothing is " + eps + ", must be from 0 to below 0.5");
        }
    }
}
