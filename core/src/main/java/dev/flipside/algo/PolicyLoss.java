package dev.flipside.algo;

import java.util.Arrays;
import java.util.Optional;

/**
 * The policy loss of GRPO (arXiv 2402.03300), RLOO (arXiv 2402.14740) and GSPO (arXiv 2507.18071), to be minimised:
 *
 * <pre>
 *   loss = sum over tokens of weight * [ -surrogate(rho, A) + beta KL ]
 * </pre>
 *
 * The ratio {@code rho} is taken over a token or a whole completion ({@link ImportanceSampling}), what it contributes
 * is the {@link Surrogate}'s, the weights are those of {@link LossAggregation}. The log-ratio is not clamped: a policy
 * that has left its samples so far that the ratio overflows shows as a loss that is not finite.
 */
public final class PolicyLoss {
    private PolicyLoss() {}

    /**
     * The options of the loss, with TRL's names.
     *
     * @param level what a ratio is taken over
     * @param surrogate what a ratio contributes
     * @param beta weight of the KL term, at least 0
     * @param klEstimator the KL estimator
     */
    public record Options(ImportanceSampling level, Surrogate surrogate, double beta, Kl klEstimator) {
        public Options {
            Groups.requireNotNegative("beta", beta);
        }
    }

    /**
     * A micro-batch's contribution to the loss.
     *
     * @param loss the sum of its weighted token losses
     * @param gradient the derivative of {@code loss} with respect to {@code logprobs}, same shape; zeros for
     *     completions that are left out
     * @param statistics for logging
     */
    public record Evaluation(double loss, double[][] gradient, PolicyLossStatistics statistics) {}

    /**
     * Evaluates one micro-batch.
     *
     * @param logprobs of the policy being trained, {@code [completions][tokens]}
     * @param oldLogprobs of the policy that sampled, same shape
     * @param refLogprobs of the reference, same shape; needed when beta is above 0, and gives the KL statistic whenever
     *     present
     * @param advantages {@code [completions]}
     * @param included whether each completion takes part, {@code [completions]}; the numbers of those that do not are
     *     never read
     * @param aggregation the weights of the whole optimiser batch
     * @throws IllegalArgumentException if shapes differ, or beta is above 0 without a reference
     */
    public static Evaluation evaluate(
            double[][] logprobs,
            double[][] oldLogprobs,
            Optional<double[][]> refLogprobs,
            double[] advantages,
            boolean[] included,
            LossAggregation aggregation,
            Options options) {
        requireShapes(logprobs, oldLogprobs, refLogprobs, advantages, included);
        if (options.beta > 0 && refLogprobs.isEmpty()) {
            throw new IllegalArgumentException(
                    "beta is " + options.beta + " but there are no reference log-probabilities");
        }
        double loss = 0;
        double[][] gradient = new double[logprobs.length][];
        PolicyLossStatistics statistics = PolicyLossStatistics.empty();
        for (int i = 0; i < logprobs.length; i++) {
            gradient[i] = new double[logprobs[i].length];
            Completion completion = new Completion(options, aggregation.tokenWeight(logprobs[i].length), gradient[i]);
            if (included[i] && logprobs[i].length > 0) {
                completion.addSurrogate(logprobs[i], oldLogprobs[i], advantages[i]);
                if (refLogprobs.isPresent()) {
                    completion.addKl(logprobs[i], refLogprobs.get()[i]);
                }
            }
            loss += completion.loss;
            statistics = statistics.plus(completion.statistics());
        }
        return new Evaluation(loss, gradient, statistics);
    }

    /** The sums over one completion. */
    private static final class Completion {
        private final Options options;
        private final double weight;
        private final double[] gradient;
        private double loss;
        private int tokens;
        private int ratios;
        private int lowClipped;
        private int highClipped;
        private double ratioMin = Double.POSITIVE_INFINITY;
        private double ratioMax = Double.NEGATIVE_INFINITY;
        private double deviationSum;
        private double deviationSquares;
        private double logRatioSum;
        private double klSum;

        Completion(Options options, double weight, double[] gradient) {
            this.options = options;
            this.weight = weight;
            this.gradient = gradient;
        }

        void addSurrogate(double[] logp, double[] oldLogp, double advantage) {
            tokens = logp.length;
            for (int t = 0; t < tokens; t++) {
                logRatioSum += logp[t] - oldLogp[t];
            }
            switch (options.level) {
                case TOKEN -> {
                    for (int t = 0; t < tokens; t++) {
                        gradient[t] = addRatio(logp[t] - oldLogp[t], advantage, weight);
                    }
                }
                // The loss belongs to each of the tokens; d(log-ratio)/d(logp) is 1 / tokens here and 1 below.
                case SEQUENCE ->
                    Arrays.fill(gradient, addRatio(logRatioSum / tokens, advantage, weight * tokens) / tokens);
                case SEQUENCE_SUM -> Arrays.fill(gradient, addRatio(logRatioSum, advantage, weight * tokens));
            }
        }

        /** Adds the loss of one ratio and returns its derivative with respect to the log-ratio. */
        private double addRatio(double logRatio, double advantage, double ratioWeight) {
            double ratio = Math.exp(logRatio);
            Surrogate.Term term = options.surrogate.of(ratio, advantage);
            count(ratio, term);
            loss -= ratioWeight * term.objective();
            return -ratioWeight * term.pull() * advantage;
        }

        private void count(double ratio, Surrogate.Term term) {
            ratios++;
            lowClipped += term.lowClipped() ? 1 : 0;
            highClipped += term.highClipped() ? 1 : 0;
            ratioMin = Math.min(ratioMin, ratio);
            ratioMax = Math.max(ratioMax, ratio);
            deviationSum += ratio - 1;
            deviationSquares += (ratio - 1) * (ratio - 1);
        }

        void addKl(double[] logp, double[] refLogp) {
            for (int t = 0; t < tokens; t++) {
                klSum += options.klEstimator.value(logp[t], refLogp[t]);
            }
            // With beta 0 the estimate is a statistic alone: one that overflows must not reach the loss as 0 *
            // infinity.
            if (options.beta > 0) {
                loss += weight * options.beta * klSum;
                for (int t = 0; t < tokens; t++) {
                    gradient[t] += weight * options.beta * options.klEstimator.gradient(logp[t], refLogp[t]);
                }
            }
        }

        PolicyLossStatistics statistics() {
            int sequences = tokens > 0 ? 1 : 0;
            return new PolicyLossStatistics(
                    sequences,
                    1 - sequences,
                    tokens,
                    ratios,
                    lowClipped,
                    highClipped,
                    ratioMin,
                    ratioMax,
                    deviationSum,
                    deviationSquares,
                    logRatioSum,
                    klSum);
        }
    }

    private static void requireShapes(
            double[][] logprobs,
            double[][] oldLogprobs,
            Optional<double[][]> refLogprobs,
            double[] advantages,
            boolean[] included) {
        Groups.requireSameLength("logprobs", logprobs.length, "advantages", advantages.length);
        Groups.requireSameLength("logprobs", logprobs.length, "included", included.length);
        requireSameShape(logprobs, "oldLogprobs", oldLogprobs);
        if (refLogprobs.isPresent()) {
            requireSameShape(logprobs, "refLogprobs", refLogprobs.get());
        }
    }

    private static void requireSameShape(double[][] logprobs, String name, double[][] other) {
        Groups.requireSameLength("logprobs", logprobs.length, name, other.length);
        for (int i = 0; i < logprobs.length; i++) {
            Groups.requireSameLength("logprobs[" + i + "]", logprobs[i].length, name + "[" + i + "]", other[i].length);
        }
    }
}
