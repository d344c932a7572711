package dev.flipside.model;

import java.util.Optional;

/**
 * Rotary position embedding (Su et al., arXiv 2104.09864): which frequencies the pairs of a head rotate with.
 *
 * <p>Read in the style of transformers 5 ({@code rope_parameters}) and in the older one ({@code rope_theta} and {@code rope_scaling}).
 */
public sealed interface RopeConfig {
    /** The base of the geometric series of frequencies. */
    double theta();

    /** Unscaled: frequency i of a head of size d is theta^(-2i/d). */
    record Plain(double theta) implements RopeConfig {}

    /** All frequencies divided by {@code factor}. */
    record Linear(double theta, double factor) implements RopeConfig {}

    /**
     * Llama 3.1's scaling: waves longer than {@code originalContext / lowFrequencyFactor} are slowed by {@code factor}, those shorter than
     * {@code originalContext / highFrequencyFactor} are kept, and between the two it is interpolated.
     */
    record Llama3(
            double theta, double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
            implements RopeConfig {}

    /** @throws dev.flipside.config.UserError when the type of scaling is not one of the three */
    static RopeConfig read(ConfigJson config, int maxPositionEmbeddings) {
        Optional<ConfigJson> scaling = config.object("rope_scaling");
        String key = scaling.isPresent() ? "rope_scaling" : "rope_parameters";
        double outerTheta = config.number("rope_theta", 10_000);
        rejectPartial(config, "partial_rotary_factor");
        Optional<ConfigJson> parameters = scaling.isPresent() ? scaling : config.object("rope_parameters");
        if (parameters.isEmpty()) {
            return new Plain(outerTheta);
        }
        ConfigJson rope = parameters.get();
        if (rope.get("full_attention").isPresent()
                || rope.get("sliding_attention").isPresent()) {
            throw config.wrong(key, "differs between layer types, which the supported families do not have");
        }
        rejectPartial(rope, key + ".partial_rotary_factor");
        double theta = rope.number("rope_theta", outerTheta);
        String type = rope.text("rope_type", rope.text("type", "default"));
        return switch (type) {
            case "default" -> new Plain(theta);
            case "linear" -> new Linear(theta, rope.requiredNumber("factor"));
            case "llama3" ->
                new Llama3(
                        theta,
                        rope.requiredNumber("factor"),
                        rope.requiredNumber("low_freq_factor"),
                        rope.requiredNumber("high_freq_factor"),
                        rope.positive("original_max_position_embeddings").orElse(maxPositionEmbeddings));
            default ->
                throw config.wrong(
                        key,
                        "asks for the RoPE type '" + type + "'; supported are default, linear and llama3, choose a"
                                + " model without it");
        };
    }

    private static void rejectPartial(ConfigJson config, String name) {
        if (config.number("partial_rotary_factor", 1) != 1) {
            throw config.wrong(name, "is not 1; rotating a part of each head is not supported");
        }
    }
}
