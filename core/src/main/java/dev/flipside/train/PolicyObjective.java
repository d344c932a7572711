package dev.flipside.train;

import dev.flipside.algo.Advantages;
import dev.flipside.algo.Groups;
import dev.flipside.algo.ImportanceSampling;
import dev.flipside.algo.Kl;
import dev.flipside.algo.LossAggregation;
import dev.flipside.algo.PolicyLoss;
import dev.flipside.algo.Surrogate;
import dev.flipside.config.AlgorithmConfig;
import dev.flipside.config.AlgorithmConfig.Name;
import java.util.Optional;

/**
 * What GRPO, RLOO and GSPO differ in: how rewards become advantages, what a ratio is taken over, how token losses are
 * weighted, and where the divergence goes. Another algorithm is another case here, its defaults in
 * {@link AlgorithmConfig}, and, where its surrogate is a new one, another in {@link PolicyLoss}.
 */
final class PolicyObjective {
    private final AlgorithmConfig algorithm;

    /** @param algorithm resolved */
    PolicyObjective(AlgorithmConfig algorithm) {
        this.algorithm = algorithm;
    }

    /** Whether the divergence is taken from the rewards (RLOO) and not added to the loss. */
    boolean divergenceInReward() {
        return algorithm.name() == Name.RLOO;
    }

    /**
     * The advantages of every completion, group after group.
     *
     * @param rewards {@code [prompt][sample]}; NaN for completions that nothing could grade
     * @param divergence log-probabilities of policy and reference, where it is taken from the rewards
     */
    double[] advantages(double[][] rewards, Optional<Divergence> divergence) {
        double[] flat = Groups.flat(rewards);
        int groupSize = rewards[0].length;
        if (algorithm.name() == Name.RLOO) {
            double beta = algorithm.beta().orElseThrow();
            return Advantages.rloo(
                    divergence
                            .map(d -> Advantages.klInReward(flat, d.sums(), beta))
                            .orElse(flat),
                    groupSize);
        }
        return Advantages.grpo(flat, groupSize, algorithm.scaleRewards().orElseThrow());
    }

    /**
     * The log-ratio of policy to reference over whole completions.
     *
     * @param policy log-probabilities, {@code [completion][token]}
     * @param reference same shape
     */
    record Divergence(double[][] policy, double[][] reference) {
        double[] sums() {
            double[] sums = new double[policy.length];
            for (int i = 0; i < sums.length; i++) {
                for (int t = 0; t < policy[i].length; t++) {
                    sums[i] += Kl.K1.value(policy[i][t], reference[i][t]);
                }
            }
            return sums;
        }
    }

    PolicyLoss.Options loss() {
        ImportanceSampling level =
                switch (algorithm.name()) {
                    case GRPO -> ImportanceSampling.TOKEN;
                    case GSPO -> ImportanceSampling.SEQUENCE;
                    case RLOO -> ImportanceSampling.SEQUENCE_SUM;
                };
        return new PolicyLoss.Options(
                level,
                new Surrogate.Clipped(
                        algorithm.epsilon().orElseThrow(),
                        algorithm.epsilonHigh().orElseThrow(),
                        algorithm.delta()),
                divergenceInReward() ? 0 : algorithm.beta().orElseThrow(),
                algorithm.klEstimator().orElseThrow());
    }

    /**
     * The weights of the token losses of one optimiser step.
     *
     * @param lengths of its completions
     * @param included which of them take part
     * @param batchTokens that take part in the whole generation batch
     * @param miniBatches that the generation batch is cut into
     */
    LossAggregation aggregation(
            int[] lengths, boolean[] included, int maxCompletionLength, long batchTokens, int miniBatches) {
        return LossAggregation.of(
                algorithm.lossType().orElseThrow(), lengths, included, maxCompletionLength, batchTokens, miniBatches);
    }

    /** Which completions take part, group after group. */
    boolean[] included(RolloutBatch batch) {
        boolean[] included = new boolean[batch.size() * batch.groupSize()];
        boolean[][] finished = batch.finished();
        for (int i = 0; i < included.length; i++) {
            included[i] =
                    !algorithm.maskTruncatedCompletions() || finished[i / batch.groupSize()][i % batch.groupSize()];
        }
        return included;
    }
}
