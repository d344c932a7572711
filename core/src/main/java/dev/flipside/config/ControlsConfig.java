package dev.flipside.config;

/** What an experiment changes to find out what of the method matters. */
public record ControlsConfig(
        @Doc(
                        "Whose signs teach. `advantage`: those of the reward model's own advantages. `random_signs`: those of chance. `gold`: those of `eval.gold`, an upper bound.")
                Labels labels,
        @Doc(
                        "Whose completions teach the reward model. `policy`: those of the policy as it is. `initial`: those of the policy as the round began. The policy is always updated on its own.")
                Samples samples,
        @Doc(
                        "Whose scores the policy is updated on. `improved`: those of the model that learns. `initial_rescaled`: those of the initial model, stretched to the other's scale ([temperature scaling](method.md#temperature-scaling)).")
                ScoredBy scoredBy,
        @Doc(
                        "Moves the anchor of each prompt by a standard normal number times this times the standard deviation of its group's rewards.")
                double anchorNoise) {

    /** {@code save.labels}. */
    public enum Labels {
        ADVANTAGE,
        RANDOM_SIGNS,
        GOLD
    }

    /** {@code save.samples}. */
    public enum Samples {
        POLICY,
        INITIAL
    }

    /** {@code save.scored_by}. */
    public enum ScoredBy {
        IMPROVED,
        INITIAL_RESCALED
    }

    public static ControlsConfig defaults() {
        return new ControlsConfig(Labels.ADVANTAGE, Samples.POLICY, ScoredBy.IMPROVED, 0);
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        new Ranges(section).within("anchor_noise", anchorNoise, 0, 1e6);
    }
}
