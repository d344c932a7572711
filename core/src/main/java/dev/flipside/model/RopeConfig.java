package dev.flipside.model;

import java.util.List;
import java.util.Optional;

/**
 * Rotary position embedding (Su et al., arXiv 2104.09864): which frequencies the pairs of a head rotate with.
 *
 * <p>Read in the style of transformers 5 ({@code rope_parameters}) and in the older one ({@code rope_theta} and {@code rope_scaling}).
 */
public sealed interface RopeConfig {
    double DEFAULT_THETA = 10_000;

    /** The base of the geometric series of frequencies. */
    double theta();

    /** Unscaled: frequency i of d rotated dimensions is theta^(-2i/d). */
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

    /**
     * LongRoPE (Ding et al., arXiv 2402.13753): every frequency has a divisor of its own, one in texts of up to {@code originalContext} tokens and another in longer
     * ones.
     *
     * @param attentionFactor multiplies rotated queries and keys, in texts of any length
     */
    record LongRope(
            double theta,
            List<Double> shortFactors,
            List<Double> longFactors,
            int originalContext,
            double attentionFactor)
            implements RopeConfig {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        /** What transformers takes when config.json names no factor. */
        static double attentionFactor(double contextFactor, int originalContext) {
            return contextFactor <= 1 ? 1 : Math.sqrt(1 + Math.log(contextFactor) / Math.log(originalContext));
        }
    }

    /** The rotation of a family that rotates whole heads by one theta, 10000 by default. */
    static RopeConfig read(ConfigJson config, int maxPositionEmbeddings) {
        return read(config, maxPositionEmbeddings, DEFAULT_THETA);
    }

    /** The same with another default. */
    static RopeConfig read(ConfigJson config, int maxPositionEmbeddings, double defaultTheta) {
        if (partialFactor(config, 1) != 1) {
            throw config.wrong(
                    "partial_rotary_factor",
                    "is not 1; only the families that rotate a part of each head support it, which "
                            + config.text("model_type", "this one") + " does not");
        }
        return readPartial(config, maxPositionEmbeddings, config.number("rope_theta", defaultTheta));
    }

    /**
     * The rotation of a family that may rotate a part of each head, whose share {@link #partialFactor} reads.
     *
     * @throws dev.flipside.config.UserError when the type of scaling is unknown
     */
    static RopeConfig readPartial(ConfigJson config, int maxPositionEmbeddings, double outerTheta) {
        Optional<ConfigJson> scaling = parameters(config);
        if (scaling.isEmpty()) {
            return new Plain(outerTheta);
        }
        if (scaling.get().get("full_attention").isPresent()
                || scaling.get().get("sliding_attention").isPresent()) {
            throw config.wrong(
                    key(config),
                    "differs between layer types, which " + config.text("model_type", "this family")
                            + " does not have");
        }
        return of(config, key(config), scaling.get(), maxPositionEmbeddings, outerTheta);
    }

    /** One object of rotary parameters. */
    static RopeConfig of(ConfigJson config, String key, ConfigJson rope, int maxPositionEmbeddings, double outerTheta) {
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
            case "longrope", "su" -> longRope(config, rope, maxPositionEmbeddings, theta);
            default ->
                throw config.wrong(
                        key,
                        "asks for the RoPE type '" + type + "'; supported are default, linear, llama3 and longrope,"
                                + " choose a model without it");
        };
    }

    private static LongRope longRope(ConfigJson config, ConfigJson rope, int maxPositionEmbeddings, double theta) {
        // Phi-3 names its original context beside the maximum, and there it counts.
        int original = config.positive("original_max_position_embeddings")
                .orElse(rope.positive("original_max_position_embeddings").orElse(maxPositionEmbeddings));
        double factor = rope.number("factor", (double) maxPositionEmbeddings / original);
        return new LongRope(
                theta,
                rope.numbers("short_factor"),
                rope.numbers("long_factor"),
                original,
                rope.number("attention_factor", LongRope.attentionFactor(factor, original)));
    }

    /** The share of each head that is rotated. */
    static double partialFactor(ConfigJson config, double byDefault) {
        double outer = config.number("partial_rotary_factor", byDefault);
        return parameters(config)
                .map(p -> p.number("partial_rotary_factor", outer))
                .orElse(outer);
    }

    private static Optional<ConfigJson> parameters(ConfigJson config) {
        return config.object(key(config));
    }

    private static String key(ConfigJson config) {
        return config.object("rope_scaling").isPresent() ? "rope_scaling" : "rope_parameters";
    }
}
