package dev.flipside.train;

import dev.flipside.config.RolloutConfig;
import dev.flipside.engine.Seeds;

/**
 * Replaces groups whose rewards are all equal by groups of other prompts, as often as
 * {@code rollout.refill_zero_variance} allows: every advantage in them is 0, so they cost a batch its signal (DAPO's
 * dynamic sampling, arXiv 2503.14476).
 */
final class Refill {
    private final Sampler sampler;
    private final RewardSignal signal;
    private final TrainingData data;
    private final int attempts;
    private final Seeds seeds;

    Refill(Sampler sampler, RewardSignal signal, TrainingData data, RolloutConfig config, Seeds seeds) {
        this.sampler = sampler;
        this.signal = signal;
        this.data = data;
        this.attempts = config.refillZeroVariance();
        this.seeds = seeds;
    }

    /** The batch with a signal in every group, or as many as the attempts have brought; only what comes is graded. */
    Graded of(Graded candidates, Step step) {
        Graded chosen = candidates;
        for (int attempt = 1; attempt <= attempts; attempt++) {
            Replacement replacement = new Replacement(chosen.withoutSignal());
            int needed = replacement.places().length;
            if (needed == 0) {
                break;
            }
            Samples others = sampler.sample(
                    data.replacements(step.number(), attempt, needed, seeds),
                    Seeds.Stream.REFILL_ROLLOUT,
                    step.number() * (attempts + 1L) + attempt,
                    step);
            chosen = chosen.with(replacement, signal.of(others, step));
        }
        return chosen;
    }
}
