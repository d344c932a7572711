package dev.flipside.train;

import dev.flipside.rollout.Completion;
import java.util.List;
import java.util.Optional;

/**
 * How far the trainer's log-probabilities are from those that the sampler saw: the same weights, so only rounding may
 * differ.
 *
 * @param differenceMean of the absolute difference per token
 * @param differenceMax the same, greatest
 * @param ratioMin least ratio of the trainer's probability of a token to the sampler's
 * @param logKeptMass mean over tokens of the log of the probability that top-k, top-p and min-p kept
 */
record SamplingGap(
        double differenceMean,
        double differenceMax,
        double ratioMin,
        double ratioMean,
        double ratioMax,
        double logKeptMass) {
    /**
     * @param completions as they were sampled
     * @param logprobs of the trainer, {@code [completion][token]}
     * @return empty for completions without a token
     */
    static Optional<SamplingGap> of(List<Completion> completions, double[][] logprobs) {
        double sum = 0;
        double max = 0;
        long tokens = 0;
        double ratioMin = Double.POSITIVE_INFINITY;
        double ratioMax = Double.NEGATIVE_INFINITY;
        double ratioSum = 0;
        double keptMass = 0;
        for (int i = 0; i < logprobs.length; i++) {
            Completion completion = completions.get(i);
            keptMass += completion.logKeptMass();
            for (int t = 0; t < logprobs[i].length; t++) {
                double difference = logprobs[i][t] - completion.logprobs()[t];
                sum += Math.abs(difference);
                max = Math.max(max, Math.abs(difference));
                double ratio = Math.exp(difference);
                ratioMin = Math.min(ratioMin, ratio);
                ratioMax = Math.max(ratioMax, ratio);
                ratioSum += ratio;
                tokens++;
            }
        }
        return tokens == 0
                ? Optional.empty()
                : Optional.of(
                        new SamplingGap(sum / tokens, max, ratioMin, ratioSum / tokens, ratioMax, keptMass / tokens));
    }
}
