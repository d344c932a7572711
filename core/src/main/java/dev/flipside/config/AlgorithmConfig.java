package dev.flipside.config;

import dev.flipside.algo.Advantages.ScaleRewards;
import dev.flipside.algo.Kl;
import dev.flipside.algo.LossType;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Section {@code algorithm}: how rewards become a policy update. Options that depend on the algorithm are empty until
 * {@link #resolved}.
 */
public record AlgorithmConfig(
        @Doc("`grpo`: arXiv 2402.03300. `rloo`: arXiv 2402.14740, with TRL's sequence ratio. `gspo`: arXiv 2507.18071.")
                Name name,
        @Doc(
                        "Weight of the divergence from the reference policy; 0 loads no reference. For `grpo` and `gspo` it is in the loss (default 0), for `rloo` in the reward (default 0.05).")
                OptionalDouble beta,
        @Doc("Estimator of the divergence in the loss; default `k3`. For `rloo` it is always `k1`, in the reward.")
                Optional<Kl> klEstimator,
        @Doc("Lower clip range of the ratio; default 0.2. `gspo` needs an explicit value; its paper has 3e-4.")
                OptionalDouble epsilon,
        @Doc("Upper clip range; default `epsilon`. `gspo` needs an explicit value; its paper has 4e-4.")
                OptionalDouble epsilonHigh,
        @Doc("Upper cap on the unclipped ratio (TRL's two-sided clipping); none is off.") OptionalDouble delta,
        @Doc(
                        "Advantages of `grpo` and `gspo` are divided by the standard deviation of the group (default), of the batch, or not at all.")
                Optional<ScaleRewards> scaleRewards,
        @Doc(
                        "Aggregation over tokens for `grpo`; default `dapo`, as in TRL. `gspo` and `rloo` are means over sequences.")
                Optional<LossType> lossType,
        @Doc("Passes over each generation batch.") int numIterations,
        @Doc("Optimiser steps into which one pass over a generation batch is split (mini-batches of whole prompts).")
                int stepsPerGeneration,
        @Doc(
                        "Leave completions that were cut at `rollout.max_completion_length` out of the [policy loss](method.md#what-happens-to-a-cut-completion).")
                boolean maskTruncatedCompletions) {

    /** {@code algorithm.name}, each with its own defaults (TRL 1.13's). */
    public enum Name {
        GRPO(0, Kl.K3, ScaleRewards.GROUP, LossType.DAPO),
        RLOO(0.05, Kl.K1, ScaleRewards.NONE, LossType.GRPO),
        GSPO(0, Kl.K3, ScaleRewards.GROUP, LossType.GRPO);

        private final double beta;
        private final Kl klEstimator;
        private final ScaleRewards scaleRewards;
        private final LossType lossType;

        Name(double beta, Kl klEstimator, ScaleRewards scaleRewards, LossType lossType) {
            this.beta = beta;
            this.klEstimator = klEstimator;
            this.scaleRewards = scaleRewards;
            this.lossType = lossType;
        }
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

    /** The same options with every default that depends on the algorithm filled in. */
    public AlgorithmConfig resolved() {
        double low = epsilon.orElse(0.2);
        return new AlgorithmConfig(
                name,
                OptionalDouble.of(beta.orElse(name.beta)),
                Optional.of(klEstimator.orElse(name.klEstimator)),
                OptionalDouble.of(low),
                OptionalDouble.of(epsilonHigh.orElse(low)),
                delta,
                Optional.of(scaleRewards.orElse(name.scaleRewards)),
                Optional.of(lossType.orElse(name.lossType)),
                numIterations,
                stepsPerGeneration,
                maskTruncatedCompletions);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        beta.ifPresent(b -> in.within("beta", b, 0, 1e3));
        epsilon.ifPresent(e -> in.positive("epsilon", e));
        epsilonHigh.ifPresent(e -> in.positive("epsilon_high", e));
        delta.ifPresent(d -> in.positive("delta", d));
        in.atLeast("num_iterations", numIterations, 1);
        in.atLeast("steps_per_generation", stepsPerGeneration, 1);
    }
}
