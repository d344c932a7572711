package dev.flipside.model.family;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Rotary position embedding (Su et al., arXiv 2104.09864): which frequencies the pairs of a head rotate with.
 *
 * <p>Read in the style of transformers 5 ({@code rope_parameters}) and in the older one ({@code rope_theta} and
 * {@code rope_scaling}).
 */
public sealed interface RopeConfig {
    double DEFAULT_THETA = 10_000;

    /** Keys that only a scaling has. */
    List<String> SCALING =
            List.of("factor", "low_freq_factor", "high_freq_factor", "short_factor", "long_factor", "attention_factor");

    /** The base of the geometric series of frequencies. */
    double theta();

    /** What rotated queries and keys are multiplied with, in texts of any length. */
    default double attentionFactor() {
        return 1;
    }

    /**
     * Texts of one number are rotated by the same frequencies: 0 for those within the context that the model was made
     * for.
     */
    default int lengthClass(int tokens) {
        return 0;
    }

    /** Whether frequencies depend on the length of a text. */
    default boolean dependsOnLength() {
        return false;
    }

    /** Unscaled: frequency i of d rotated dimensions is theta^(-2i/d). */
    record Plain(double theta) implements RopeConfig {}

    /** All frequencies divided by {@code factor}. */
    record Linear(double theta, double factor) implements RopeConfig {}

    /**
     * Llama 3.1's scaling: waves longer than {@code originalContext / lowFrequencyFactor} are slowed by {@code factor},
     * those shorter than {@code originalContext / highFrequencyFactor} are kept, and between the two it is
     * interpolated.
     */
    record Llama3(
            double theta, double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
            implements RopeConfig {}

    /**
     * LongRoPE (Ding et al., arXiv 2402.13753): every frequency has a divisor of its own, one in texts of up to
     * {@code originalContext} tokens and another in longer ones.
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

        @Override
        public int lengthClass(int tokens) {
            return tokens > originalContext ? 1 : 0;
        }

        @Override
        public boolean dependsOnLength() {
            return true;
        }

        /** What transformers takes when config.json names no factor. */
        static double attentionFactor(double contextFactor, int originalContext) {
            return contextFactor <= 1 ? 1 : Math.sqrt(1 + Math.log(contextFactor) / Math.log(originalContext));
        }
    }

    /**
     * YaRN (Peng et al., arXiv 2309.00071): waves that turn less than {@code betaSlow} times in {@code originalContext}
     * tokens are slowed by {@code factor}, those that turn more than {@code betaFast} times are kept, and between the
     * two it is interpolated over the pairs of a head.
     *
     * @param truncate whether the interpolation begins and ends at whole pairs
     */
    record Yarn(
            double theta,
            double factor,
            int originalContext,
            double betaFast,
            double betaSlow,
            double attentionFactor,
            boolean truncate)
            implements RopeConfig {
        /** What {@code mscale} of a context {@code factor} times as long is. */
        static double scale(double factor, double mscale) {
            return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
        }

        /** The first and the last pair that are interpolated, of {@code dim} rotated dimensions. */
        public double[] range(int dim) {
            double low = pair(betaFast, dim);
            double high = pair(betaSlow, dim);
            double from = Math.max(truncate ? Math.floor(low) : low, 0);
            double to = Math.min(truncate ? Math.ceil(high) : high, dim - 1.0);
            return new double[] {from, from == to ? to + 0.001 : to};
        }

        private double pair(double turns, int dim) {
            return dim * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /**
     * Dynamic NTK scaling: in texts of n tokens beyond {@code context} theta grows by {@code (factor n / context -
     * (factor - 1))^(d / (d - 2))}, where d dimensions are rotated.
     *
     * @param context the longest text whose frequencies stay as they are
     */
    record Dynamic(double theta, double factor, int context) implements RopeConfig {
        /** Theta in texts of so many tokens, rounded as transformers rounds it. */
        public float theta(long tokens, int dim) {
            if (tokens <= context) {
                return (float) theta;
            }
            float growth = (float) factor * tokens / context - (float) (factor - 1);
            return (float) theta * (float) Math.pow(growth, dim / (dim - 2.0));
        }

        @Override
        public int lengthClass(int tokens) {
            return tokens > context ? tokens : 0;
        }

        @Override
        public boolean dependsOnLength() {
            return true;
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
        return readPartial(config, maxPositionEmbeddings, outerTheta, OptionalInt.empty());
    }

    /**
     * @param context the original one where config.json names none beside the maximum, whatever its rotary parameters
     *     say
     */
    static RopeConfig readPartial(
            ConfigJson config, int maxPositionEmbeddings, double outerTheta, OptionalInt context) {
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
        // Where a context is named beside the maximum, there it counts.
        OptionalInt named = config.positive("original_max_position_embeddings");
        int original =
                (named.isPresent() ? named : context).orElseGet(() -> original(scaling.get(), maxPositionEmbeddings));
        boolean truncate = scaling.get().flag("truncate", true);
        return of(config, key(config), scaling.get(), maxPositionEmbeddings, original, truncate, outerTheta);
    }

    /**
     * One object of rotary parameters among those of several types of layers; transformers does not read
     * {@code truncate} there.
     */
    static RopeConfig ofLayerType(ConfigJson config, String key, ConfigJson rope, int maxPositions, double theta) {
        return of(config, key, rope, maxPositions, original(rope, maxPositions), true, theta);
    }

    private static int original(ConfigJson rope, int maxPositionEmbeddings) {
        return rope.positive("original_max_position_embeddings").orElse(maxPositionEmbeddings);
    }

    private static RopeConfig of(
            ConfigJson config,
            String key,
            ConfigJson rope,
            int maxPositionEmbeddings,
            int original,
            boolean truncate,
            double outerTheta) {
        double theta = rope.number("rope_theta", outerTheta);
        String type = rope.text("rope_type", rope.text("type", "default"));
        return switch (type) {
            case "default" -> plain(config, key, rope, theta);
            case "linear" -> new Linear(theta, rope.requiredNumber("factor"));
            case "llama3" -> llama3(config, key, rope, original, theta);
            case "longrope", "su" -> longRope(rope, maxPositionEmbeddings, original, theta);
            case "yarn" ->
                yarn(config, key, rope, (double) maxPositionEmbeddings / original, original, truncate, theta);
            case "dynamic" -> new Dynamic(theta, rope.requiredNumber("factor"), maxPositionEmbeddings);
            default ->
                throw config.wrong(
                        key,
                        "asks for the RoPE type '" + type
                                + "'; supported are default, linear, dynamic, yarn, longrope and"
                                + " llama3, choose a model with one of them");
        };
    }

    /** Keys of a scaling without its type are those of a file that lost it. */
    private static Plain plain(ConfigJson config, String key, ConfigJson rope, double theta) {
        boolean named = rope.get("rope_type").isPresent() || rope.get("type").isPresent();
        Optional<String> scaling =
                SCALING.stream().filter(name -> rope.get(name).isPresent()).findFirst();
        if (!named && scaling.isPresent()) {
            throw config.wrong(key, "has " + scaling.get() + " and no rope_type that says which scaling it is of");
        }
        return new Plain(theta);
    }

    private static Llama3 llama3(ConfigJson config, String key, ConfigJson rope, int original, double theta) {
        double low = rope.requiredNumber("low_freq_factor");
        double high = rope.requiredNumber("high_freq_factor");
        if (low >= high) {
            throw config.wrong(
                    key, "has a low_freq_factor of " + low + ", which is not below high_freq_factor, " + high);
        }
        return new Llama3(theta, rope.requiredNumber("factor"), low, high, original);
    }

    private static LongRope longRope(ConfigJson rope, int maxPositionEmbeddings, int original, double theta) {
        double factor = rope.number("factor", (double) maxPositionEmbeddings / original);
        return new LongRope(
                theta,
                rope.numbers("short_factor"),
                rope.numbers("long_factor"),
                original,
                rope.number("attention_factor", LongRope.attentionFactor(factor, original)));
    }

    private static Yarn yarn(
            ConfigJson config,
            String key,
            ConfigJson rope,
            double contextFactor,
            int original,
            boolean truncate,
            double theta) {
        if (theta == 1) {
            throw config.wrong(key, "has a rope_theta of 1, by which YaRN cannot be computed");
        }
        double factor = rope.number("factor", contextFactor);
        double mscale = rope.numberOrZero("mscale", 0);
        double ofAll = rope.numberOrZero("mscale_all_dim", 0);
        double byDefault = mscale > 0 && ofAll > 0
                ? Yarn.scale(factor, mscale) / Yarn.scale(factor, ofAll)
                : Yarn.scale(factor, 1);
        double fast = rope.numberOrZero("beta_fast", 0);
        double slow = rope.numberOrZero("beta_slow", 0);
        return new Yarn(
                theta,
                factor,
                original,
                fast == 0 ? 32 : fast,
                slow == 0 ? 1 : slow,
                rope.number("attention_factor", byDefault),
                truncate);
    }

    /** Holds the rotations against how many dimensions of a head are rotated. */
    static void requireFitting(ConfigJson config, DecoderConfig.Positions positions) {
        for (Optional<RopeConfig> rope : positions.ropes()) {
            if (rope.orElse(null) instanceof LongRope longRope) {
                requireOnePerPair(
                        config, "short_factor", longRope.shortFactors().size(), positions.rotaryDim());
                requireOnePerPair(config, "long_factor", longRope.longFactors().size(), positions.rotaryDim());
            }
            if (rope.orElse(null) instanceof Dynamic && positions.rotaryDim() < 4) {
                throw config.wrong(
                        key(config),
                        "asks for the RoPE type 'dynamic' where " + positions.rotaryDim()
                                + " dimensions of a head are rotated; it needs four");
            }
        }
    }

    private static void requireOnePerPair(ConfigJson config, String key, int factors, int rotaryDim) {
        if (factors != rotaryDim / 2) {
            throw config.wrong(key, "has " + factors + " entries for " + rotaryDim / 2 + " rotated pairs");
        }
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
