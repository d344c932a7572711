package dev.flipside.model.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.model.family.DecoderConfig.Activation;
import dev.flipside.model.family.DecoderConfig.Experts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What most families' config.json have in common.
 *
 * @param config the file
 * @param layers number of blocks
 * @param heads query heads
 * @param hiddenSize D
 * @param maxPositions the longest context
 */
record FamilyReader(ConfigJson config, int layers, int heads, int hiddenSize, int maxPositions) {
    /** Far above any model; keeps a corrupt number from filling the memory. */
    private static final int MOST_LAYERS = 10_000;

    static FamilyReader of(ConfigJson config) {
        return of(config, "num_hidden_layers", "num_attention_heads", "hidden_size", "max_position_embeddings");
    }

    static FamilyReader of(ConfigJson config, String layers, String heads, String hiddenSize, String maxPositions) {
        if (config.get("quantization_config").isPresent()) {
            throw config.wrong(
                    "quantization_config", "says that the weights are quantised; use the float32 or bfloat16 ones");
        }
        if (config.required(layers) > MOST_LAYERS) {
            throw config.wrong(layers, "is above " + MOST_LAYERS);
        }
        return new FamilyReader(
                config,
                config.required(layers),
                config.required(heads),
                config.required(hiddenSize),
                config.required(maxPositions));
    }

    /**
     * Sizes, the tied head and the range of new weights: what is named alike in all families but GPT-2. Everything else
     * is Llama's until the family says otherwise.
     *
     * @param headDim see {@link #equalHeads}
     * @param tiedByDefault what a missing {@code tie_word_embeddings} means
     */
    DecoderConfigBuilder decoder(Family family, int headDim, boolean tiedByDefault) {
        return decoder(family, headDim, tiedByDefault, config.required("intermediate_size"));
    }

    DecoderConfigBuilder decoder(Family family, int headDim, boolean tiedByDefault, int intermediateSize) {
        int kvHeads = config.positive("num_key_value_heads").orElse(heads);
        if (heads % kvHeads != 0) {
            throw config.wrong(
                    "num_key_value_heads", "is " + kvHeads + ", which does not divide the " + heads + " heads");
        }
        return DecoderConfig.builder(family.modelType(), layers, heads, kvHeads, headDim)
                .widths(config.required("vocab_size"), hiddenSize, intermediateSize, maxPositions)
                .tiedHead(config.flag("tie_word_embeddings", tiedByDefault))
                .paddingToken(paddingToken(OptionalInt.empty()))
                .initializerRange(config.number("initializer_range", 0.02));
    }

    /**
     * Root-mean-square norms with {@code rms_norm_eps} and an MLP gated by {@code hidden_act}, which Llama and most
     * after it have.
     */
    DecoderConfigBuilder gated(Family family, int headDim, boolean tiedByDefault, double defaultEps) {
        return decoder(family, headDim, tiedByDefault)
                .norm(DecoderConfig.NormKind.RMS, config.number("rms_norm_eps", defaultEps))
                .mlp(activation("hidden_act", "silu"), true);
    }

    /**
     * {@code pad_token_id}, which transformers gives its embedding as {@code padding_idx}; one below 0 counts from the
     * end, as in torch.
     *
     * @param byDefault what a missing key means; {@code null} means none
     */
    OptionalInt paddingToken(OptionalInt byDefault) {
        int vocabulary = config.required("vocab_size");
        OptionalInt named = config.get("pad_token_id")
                .filter(JsonNode::canConvertToInt)
                .map(n -> OptionalInt.of(n.intValue()))
                .orElse(config.mentions("pad_token_id") ? OptionalInt.empty() : byDefault);
        return named.stream()
                .filter(id -> id < vocabulary && id >= -vocabulary)
                .map(id -> Math.floorMod(id, vocabulary))
                .findFirst();
    }

    /** {@code head_dim}, or an equal share of the width. */
    int equalHeads() {
        OptionalInt explicit = config.positive("head_dim");
        if (explicit.isEmpty() && hiddenSize % heads != 0) {
            throw config.wrong(
                    "num_attention_heads",
                    "is " + heads + ", which does not divide hidden_size " + hiddenSize
                            + " (and no head_dim is given)");
        }
        return even("head_dim", explicit.orElse(hiddenSize / heads));
    }

    /** {@code head_dim} with a default of its own. */
    int headDim(int byDefault) {
        return even("head_dim", config.positive("head_dim").orElse(byDefault));
    }

    /** How many dimensions of a head are rotated. */
    int rotaryDim(int headDim, double share) {
        if (share > 1) {
            throw config.wrong("partial_rotary_factor", "is " + share + ", more than a whole head");
        }
        return even("partial_rotary_factor times head_dim", (int) (headDim * share));
    }

    private int even(String key, int size) {
        if (size % 2 != 0 || size == 0) {
            throw config.wrong(key, "is " + size + "; rotary positions need an even one");
        }
        return size;
    }

    Activation activation(String key, String byDefault) {
        String name = config.text(key, byDefault);
        return switch (name) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu", "gelu_python" -> Activation.GELU;
            case "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh" ->
                Activation.GELU_TANH;
            case "gelu_10" -> Activation.GELU_CLIPPED;
            case "quick_gelu" -> Activation.GELU_QUICK;
            case "relu" -> Activation.RELU;
            case "relu2" -> Activation.RELU_SQUARED;
            case "relu6" -> Activation.RELU6;
            case "leaky_relu" -> Activation.LEAKY_RELU;
            case "sigmoid" -> Activation.SIGMOID;
            case "tanh" -> Activation.TANH;
            case "mish" -> Activation.MISH;
            case "hardswish" -> Activation.HARD_SWISH;
            case "linear" -> Activation.LINEAR;
            default ->
                throw config.wrong(
                        key,
                        "is '" + name
                                + "'; supported are silu, gelu, gelu_new, gelu_pytorch_tanh, gelu_10, quick_gelu, relu, relu2, relu6, leaky_relu, sigmoid, tanh, mish, hardswish and linear");
        };
    }

    /**
     * Experts by the keys that families share; the load-balancing loss is on where router logits are put out, as in
     * transformers.
     *
     * @param byDefault how many there are where no key says it; two names are in use
     * @param perTokenByDefault how many see a token
     */
    Experts experts(int byDefault, int perTokenByDefault, int width, boolean normalised, List<Boolean> sparseLayers) {
        OptionalInt named = config.positive("num_local_experts");
        int count = named.orElseGet(() -> config.positive("num_experts").orElse(byDefault));
        int perToken = config.positive("num_experts_per_tok").orElse(perTokenByDefault);
        if (perToken > count) {
            throw config.wrong("num_experts_per_tok", "is " + perToken + ", more than the " + count + " experts");
        }
        boolean balanced = config.flag("output_router_logits", false);
        double balanceWeight = balanced ? config.numberOrZero("router_aux_loss_coef", 0.001) : 0;
        return new Experts(count, perToken, width, normalised, sparseLayers, balanceWeight);
    }

    /** {@code sliding_window}, where {@code use_sliding_window} switches it on. */
    OptionalInt optionalWindow(OptionalInt byDefault) {
        return config.flag("use_sliding_window", false) ? window(byDefault) : OptionalInt.empty();
    }

    /** {@code sliding_window}; an explicit null is none. */
    OptionalInt window(OptionalInt byDefault) {
        return config.mentions("sliding_window") ? config.positive("sliding_window") : byDefault;
    }

    List<Boolean> allLayers() {
        return Collections.nCopies(layers, true);
    }

    /** Layers that slide by {@code layer_types}, or else those that {@code byDefault} names. */
    List<Boolean> slidingLayers(IntPredicate byDefault) {
        if (config.get("layer_types").isEmpty()) {
            return IntStream.range(0, layers).mapToObj(byDefault::test).toList();
        }
        List<Boolean> sliding = new ArrayList<>();
        for (var type : config.get("layer_types").orElseThrow()) {
            switch (type.asText()) {
                case "full_attention" -> sliding.add(false);
                case "sliding_attention" -> sliding.add(true);
                default -> throw config.wrong("layer_types", "contains " + type + ", which is not supported");
            }
        }
        requireOnePerLayer("layer_types", sliding.size());
        return sliding;
    }

    /** Qwen's: from {@code max_window_layers} on. */
    List<Boolean> laterLayers() {
        int first = config.natural("max_window_layers").orElse(28);
        return slidingLayers(i -> i >= first);
    }

    void requireOnePerLayer(String key, int entries) {
        if (entries != layers) {
            throw config.wrong(key, "has " + entries + " entries for " + layers + " layers");
        }
    }

    /** @throws dev.flipside.config.UserError when the flag is on */
    void refuse(String key, String why) {
        if (config.flag(key, false)) {
            throw config.wrong(key, "is true; " + why);
        }
    }
}
