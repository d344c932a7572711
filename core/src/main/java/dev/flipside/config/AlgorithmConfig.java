package dev.flipside.config;

import dev.flipside.algo.Advantages.ScaleRewards;
import dev.flipside.algo.Kl;
import dev.flipside.algo.LossType;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Section {@code algorithm}: how rewards become a policy update. Options that depend on the algorithm are empty until {@link #resolved}.
 */
public record AlgorithmConfig(
        @Doc("grpo (arXiv 2402.03300), rloo (arXiv 2402.14740, TRL's sequence ratio) or gspo (arXiv 2507.18071).")
                Name name,
        @Doc(
                        "Weight of the divergence from the reference policy: in the loss for grpo and gspo (default 0), in the reward for rloo (default 0.05). 0 loads no reference.")
                OptionalDouble beta,
        @Doc("Estimator of the divergence in the loss: k1, k2 or k3. rloo always takes k1 in the reward.")
                Optional<Kl> klEstimator,
        @Doc("Lower clip range of the ratio; default 0.2, gspo needs an explicit value (its paper: 3e-4).")
                OptionalDouble epsilon,
        @Doc("Upper clip range; default epsilon, gspo needs an explicit value (its paper: 4e-4).")
                OptionalDouble epsilonHigh,
        @Doc("Upper cap on the unclipped ratio (TRL's two-sided clipping); none is off.") OptionalDouble delta,
        @Doc(
                        "Advantages of grpo and gspo are divided by the standard deviation of the group, of the batch, or not at all (none).")
                Optional<ScaleRewards> scaleRewards,
        @Doc(
                        "Aggregation over tokens for grpo: grpo, bnpo, dapo or dr_grpo (TRL's default dapo). gspo and rloo are means over sequences.")
                Optional<LossType> lossType,
        @Doc("Passes over each generation batch.") int numIterations,
        @Doc("Optimiser steps into which one pass over a generation batch is split (mini-batches of whole prompts).")
                int stepsPerGeneration,
        @Doc("Leave completions that were cut at max_completion_length out of the policy loss.")
                boolean maskTruncatedCompletions) {

    /** {@code algorithm.name}. */
    public enum Name {
        GRPO,
        RLOO,
        GSPO
    }

    public static AlgorithmConfig defaults() {
        return new AlgorithmConfig(
                Name.GRPO,
                OptionalDouble.empty(),
                Optional.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.empty(),
                1,
                1,
                false);
    }

    /** The same options with every default that depends on the algorithm filled in (TRL 1.13's). */
    public AlgorithmConfig resolved() {
        double low = epsilon.orElse(0.2);
        return new AlgorithmConfig(
                name,
                OptionalDouble.of(beta.orElse(name == Name.RLOO ? 0.05 : 0.0)),
                Optional.of(klEstimator.orElse(name == Name.RLOO ? Kl.K1 : Kl.K3)),
                OptionalDouble.of(low),
                OptionalDouble.of(epsilonHigh.orElse(low)),
                delta,
                Optional.of(scaleRewards.orElse(name == Name.RLOO ? ScaleRewards.NONE : ScaleRewards.GROUP)),
                Optional.of(lossType.orElse(name == Name.GRPO ? LossType.DAPO : LossType.GRPO)),
                numIterations,
                stepsPerGeneration,
                maskTruncatedCompletions);
    }
}
