package dev.flipside.train;

import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import java.util.Optional;

/**
 * The policy as a round began: the divergence is taken from it, and in a control its samples teach the reward model.
 *
 * @param lm empty where nothing of a run's plan needs it
 */
record ReferencePolicy(Optional<CausalLm> lm) implements AutoCloseable {
    static ReferencePolicy begin(int round, CausalLm policy, TrainConfig config) {
        if (!config.plan().keepsReference()) {
            return new ReferencePolicy(Optional.empty());
        }
        // A new adapter changes nothing yet, so that its frozen base needs no copy.
        return new ReferencePolicy(
                Optional.of(isBase(round, config) ? policy.withoutAdapter() : policy.constantCopy()));
    }

    /** Whether the policy that a round begins with is the frozen base of a new adapter. */
    static boolean isBase(int round, TrainConfig config) {
        return round == 0 && config.policy().lora().isPresent();
    }

    /** What the divergence is taken from, where the policy pays for it. */
    Optional<CausalLm> ofDivergence(RunPlan plan) {
        return lm.filter(r -> plan.penalisesDivergence());
    }

    /** Who samples what the reward model learns from in place of {@code policy}, where the plan says so. */
    Optional<Sampler> teacher(PolicyModel policy, Sampler sampler, TrainConfig config, Seeds seeds) {
        return lm.filter(r -> config.plan().learnsFromInitialPolicy())
                .map(r -> sampler.from(new Rollouts(
                        new PolicyModel(r, policy.renderer()),
                        config.rollout(),
                        seeds,
                        sampler.rollouts().ranks())));
    }

    @Override
    public void close() {
        lm.ifPresent(CausalLm::close);
    }
}
