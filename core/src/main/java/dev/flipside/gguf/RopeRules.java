package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How rotary positions are scaled, in the keys {@code rope_theta} and {@code rope_scaling} that every release of
 * transformers reads.
 */
final class RopeRules {
    private static final double DEFAULT_THETA = 10_000;

    /** What Llama 3.1 and 3.2 have; llama.cpp's converter keeps only the factors that follow from them. */
    private static final double LOW_FREQUENCY_FACTOR = 1;

    private static final double HIGH_FREQUENCY_FACTOR = 4;
    private static final int LLAMA3_CONTEXT = 8192;

    /** The converter computes the factors in float32. */
    private static final double FACTOR_TOLERANCE = 1e-4;

    private RopeRules() {}

    /** @throws UserError for a scaling that transformers has no name for */
    static void write(Hyperparameters from, ObjectNode config) {
        config.put("rope_theta", from.number("rope.freq_base").orElse(DEFAULT_THETA));
        config.putNull("rope_scaling");
        Optional<GgufTensor> factors = from.model().tensor("rope_freqs.weight");
        String type = from.metadata().text(from.full("rope.scaling.type")).orElse("none");
        if (factors.isPresent()) {
            llama3(from, factors.get(), config);
        } else if (from.model().has("rope_factors_long.weight")) {
            longRope(from, config);
        } else if (type.equals("linear")) {
            linear(from.requiredNumber("rope.scaling.factor"), config);
        } else if (type.equals("yarn")) {
            yarn(from, config);
        } else if (!type.equals("none")) {
            throw from.wrong(
                    "rope.scaling.type", "is '" + type + "', which is not none, linear, yarn or one with factors");
        } else {
            // The name that linear scaling had at first.
            OptionalDouble scale = from.number("rope.scale_linear");
            if (scale.isPresent() && scale.getAsDouble() != 1) {
                linear(scale.getAsDouble(), config);
            }
        }
    }

    /** Writes the part of a head that is turned, or refuses one where the architecture turns whole heads. */
    static void requireWholeHeads(Hyperparameters from) {
        if (from.rotaryDimensions() != from.headSize()) {
            throw from.wrong(
                    "rope.dimension_count",
                    "is " + from.rotaryDimensions() + " and heads have " + from.headSize()
                            + " numbers; this architecture" + " turns whole heads");
        }
    }

    static double partialFactor(Hyperparameters from) {
        return (double) from.rotaryDimensions() / from.headSize();
    }

    private static void linear(double factor, ObjectNode config) {
        config.putObject("rope_scaling").put("rope_type", "linear").put("factor", factor);
    }

    /**
     * llama.cpp's converter writes transformers' own {@code attention_factor}, although llama.cpp multiplies its own
     * with it; the model that was converted is what is wanted.
     */
    private static void yarn(Hyperparameters from, ObjectNode config) {
        double extrapolation = from.number("rope.scaling.yarn_ext_factor").orElse(1);
        if (extrapolation >= 0 && extrapolation != 1) {
            throw from.wrong(
                    "rope.scaling.yarn_ext_factor",
                    "is " + extrapolation + ", a share of YaRN that transformers has no name for");
        }
        ObjectNode scaling = config.putObject("rope_scaling")
                .put("rope_type", "yarn")
                .put("factor", from.requiredNumber("rope.scaling.factor"))
                .put("original_max_position_embeddings", from.requiredPositive("rope.scaling.original_context_length"));
        from.number("rope.scaling.yarn_attn_factor").ifPresent(f -> scaling.put("attention_factor", f));
        from.number("rope.scaling.yarn_beta_fast").ifPresent(f -> scaling.put("beta_fast", f));
        from.number("rope.scaling.yarn_beta_slow").ifPresent(f -> scaling.put("beta_slow", f));
        double ofAll = from.number("rope.scaling.yarn_log_multiplier").orElse(0);
        if (ofAll != 0) {
            scaling.put("mscale", 1.0).put("mscale_all_dim", ofAll);
        }
    }

    private static void longRope(Hyperparameters from, ObjectNode config) {
        ObjectNode scaling = config.putObject("rope_scaling").put("type", "longrope");
        for (String which : List.of("short", "long")) {
            ArrayNode factors = scaling.putArray(which + "_factor");
            for (float factor : values(from, from.model().requiredTensor("rope_factors_" + which + ".weight"))) {
                factors.add(Double.parseDouble(Float.toString(factor)));
            }
        }
        config.put("original_max_position_embeddings", from.requiredPositive("rope.scaling.original_context_length"));
    }

    /**
     * Recovers Llama 3.1's rule from the factors that it gives each frequency: {@code factor} for waves longer than
     * {@code original / low}, 1 for those shorter than {@code original / high}, and between the two {@code 1 / ((1 - s)
     * / factor + s)} with {@code s = (original / wave - low) / (high - low)}.
     */
    private static void llama3(Hyperparameters from, GgufTensor tensor, ObjectNode config) {
        float[] factors = values(from, tensor);
        double theta = config.get("rope_theta").doubleValue();
        int original = from.positive("rope.scaling.original_context_length").orElse(LLAMA3_CONTEXT);
        double[] smooth = new double[factors.length];
        for (int i = 0; i < factors.length; i++) {
            double wave = 2 * Math.PI * Math.pow(theta, 2.0 * i / from.rotaryDimensions());
            double between = (original / wave - LOW_FREQUENCY_FACTOR) / (HIGH_FREQUENCY_FACTOR - LOW_FREQUENCY_FACTOR);
            smooth[i] = Math.min(1, Math.max(0, between));
        }
        int longest = factors.length - 1;
        double factor = scale(factors[longest], smooth[longest]);
        for (int i = 0; i < factors.length; i++) {
            double expected = 1 / ((1 - smooth[i]) / factor + smooth[i]);
            if (!(Math.abs(factors[i] - expected) <= FACTOR_TOLERANCE * expected)) {
                throw new UserError(
                        tensor.file() + ": its RoPE factors (rope_freqs.weight) do not follow Llama 3.1's rule:"
                                + " number " + i + " is " + factors[i] + " where the rule gives " + (float) expected
                                + "; this scaling is not supported.");
            }
        }
        if (factor == 1) {
            return;
        }
        config.putObject("rope_scaling")
                .put("rope_type", "llama3")
                .put("factor", factor)
                .put("low_freq_factor", LOW_FREQUENCY_FACTOR)
                .put("high_freq_factor", HIGH_FREQUENCY_FACTOR)
                .put("original_max_position_embeddings", original);
    }

    /**
     * The factor of the rule, from what it makes of the longest wave; a whole number where it is one but for float32's
     * rounding.
     */
    private static double scale(float ofLongest, double smooth) {
        if (smooth == 1) {
            return 1;
        }
        double factor = (1 - smooth) / (1.0 / ofLongest - smooth);
        double whole = Math.rint(factor);
        return Math.abs(factor - whole) <= 10 * FACTOR_TOLERANCE * whole ? whole : factor;
    }

    private static float[] values(Hyperparameters from, GgufTensor tensor) {
        int wanted = from.rotaryDimensions() / 2;
        if (tensor.elements() != wanted) {
            throw new UserError(tensor.file() + ": the tensor " + tensor.name() + " has " + tensor.elements()
                    + " numbers, not one for each of the " + wanted + " frequencies; the file is damaged.");
        }
        float[] values = new float[wanted];
        try (TensorReader reader = new TensorReader(tensor.file())) {
            reader.read(tensor, 0, wanted, values);
        }
        return values;
    }
}
