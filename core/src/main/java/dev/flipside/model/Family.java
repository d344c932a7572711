package dev.flipside.model;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** A family of decoders: how its config.json is read. A new family is one more class here and, if its block differs, a field of {@link DecoderConfig}. */
sealed interface Family {
    List<Family> ALL = List.of(new Llama(), new Mistral(), new Qwen2(), new Qwen3());

    /** {@code model_type} in config.json. */
    String modelType();

    /** What transformers' class names start with. */
    String className();

    DecoderConfig read(ConfigJson config);

    /** @throws UserError naming the type and the supported ones */
    static Family of(Path file, ConfigJson config) {
        String type = config.text("model_type", "");
        return ALL.stream()
                .filter(f -> f.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> new UserError(file + ": model_type '" + type + "' is not supported; supported are "
                        + ALL.stream().map(Family::modelType).collect(Collectors.joining(", ")) + "."));
    }

    /** Llama 2 and 3, and what is built like them (SmolLM2, TinyStories' llama2.c models). */
    record Llama() implements Family {
        @Override
        public String modelType() {
            return "llama";
        }

        @Override
        public String className() {
            return "Llama";
        }

        @Override
        public DecoderConfig read(ConfigJson config) {
            boolean attention = config.flag("attention_bias", false);
            return new Reader(config)
                    .decoder(
                            this,
                            new DecoderConfig.Biases(attention, attention, config.flag("mlp_bias", false)),
                            false,
                            OptionalInt.empty());
        }
    }

    /** Mistral: Llama with a sliding window on every layer, or {@code null} for none. */
    record Mistral() implements Family {
        @Override
        public String modelType() {
            return "mistral";
        }

        @Override
        public String className() {
            return "Mistral";
        }

        @Override
        public DecoderConfig read(ConfigJson config) {
            // transformers' default is a window of 4096; only an explicit null switches it off.
            OptionalInt window = config.mentions("sliding_window")
                    ? config.positive("sliding_window")
                    : OptionalInt.of(Reader.DEFAULT_WINDOW);
            return new Reader(config).decoder(this, DecoderConfig.Biases.NONE, false, window);
        }
    }

    /** Qwen2 and Qwen2.5: biases on queries, keys and values. */
    record Qwen2() implements Family {
        @Override
        public String modelType() {
            return "qwen2";
        }

        @Override
        public String className() {
            return "Qwen2";
        }

        @Override
        public DecoderConfig read(ConfigJson config) {
            Reader reader = new Reader(config);
            return reader.decoder(this, new DecoderConfig.Biases(true, false, false), false, reader.optionalWindow());
        }
    }

    /** Qwen3: norms on queries and keys, an explicit head size. */
    record Qwen3() implements Family {
        @Override
        public String modelType() {
            return "qwen3";
        }

        @Override
        public String className() {
            return "Qwen3";
        }

        @Override
        public DecoderConfig read(ConfigJson config) {
            Reader reader = new Reader(config);
            boolean attention = config.flag("attention_bias", false);
            return reader.decoder(
                    this, new DecoderConfig.Biases(attention, attention, false), true, reader.optionalWindow());
        }
    }

    /** What the families share. */
    record Reader(ConfigJson config) {
        static final int DEFAULT_WINDOW = 4096;

        /** Far above any model; keeps a corrupt number from filling the memory. */
        private static final int MOST_LAYERS = 10_000;

        DecoderConfig decoder(
                Family family, DecoderConfig.Biases biases, boolean headNorms, OptionalInt slidingWindow) {
            String activation = config.text("hidden_act", "silu");
            if (!activation.equals("silu")) {
                throw config.wrong("hidden_act", "is '" + activation + "'; only silu is supported");
            }
            if (config.get("quantization_config").isPresent()) {
                throw config.wrong(
                        "quantization_config", "says that the weights are quantised; use the float32 or bfloat16 ones");
            }
            int hiddenSize = config.required("hidden_size");
            int heads = config.required("num_attention_heads");
            int kvHeads = config.positive("num_key_value_heads").orElse(heads);
            if (heads % kvHeads != 0) {
                throw config.wrong(
                        "num_key_value_heads", "is " + kvHeads + ", which does not divide the " + heads + " heads");
            }
            if (config.required("num_hidden_layers") > MOST_LAYERS) {
                throw config.wrong("num_hidden_layers", "is above " + MOST_LAYERS);
            }
            int maxPositions = config.required("max_position_embeddings");
            return new DecoderConfig(
                    family.modelType(),
                    config.required("vocab_size"),
                    hiddenSize,
                    config.required("intermediate_size"),
                    config.required("num_hidden_layers"),
                    heads,
                    kvHeads,
                    headDim(family, hiddenSize, heads),
                    config.number("rms_norm_eps", 1e-6),
                    maxPositions,
                    config.flag("tie_word_embeddings", false),
                    biases,
                    headNorms,
                    slidingWindow,
                    slidingLayers(family, slidingWindow),
                    RopeConfig.read(config, maxPositions),
                    config.number("initializer_range", 0.02));
        }

        private int headDim(Family family, int hiddenSize, int heads) {
            OptionalInt explicit = config.positive("head_dim");
            // transformers' Qwen3 falls back to 128, the others to an equal share of the width.
            int headDim = explicit.orElse(family instanceof Qwen3 ? 128 : hiddenSize / heads);
            if (explicit.isEmpty() && !(family instanceof Qwen3) && hiddenSize % heads != 0) {
                throw config.wrong(
                        "num_attention_heads",
                        "is " + heads + ", which does not divide hidden_size " + hiddenSize
                                + " (and no head_dim is given)");
            }
            if (headDim % 2 != 0) {
                throw config.wrong("head_dim", "is " + headDim + "; rotary positions need an even one");
            }
            return headDim;
        }

        /** Qwen's window counts only when it is switched on. */
        OptionalInt optionalWindow() {
            if (!config.flag("use_sliding_window", false)) {
                return OptionalInt.empty();
            }
            return config.mentions("sliding_window")
                    ? config.positive("sliding_window")
                    : OptionalInt.of(DEFAULT_WINDOW);
        }

        private List<Boolean> slidingLayers(Family family, OptionalInt window) {
            int layers = config.required("num_hidden_layers");
            if (window.isEmpty()) {
                return Collections.nCopies(layers, false);
            }
            if (family instanceof Mistral) {
                return Collections.nCopies(layers, true);
            }
            if (config.get("layer_types").isPresent()) {
                return layerTypes(layers);
            }
            int first = config.natural("max_window_layers").orElse(28);
            List<Boolean> sliding = new ArrayList<>();
            for (int i = 0; i < layers; i++) {
                sliding.add(i >= first);
            }
            return sliding;
        }

        private List<Boolean> layerTypes(int layers) {
            List<Boolean> sliding = new ArrayList<>();
            for (var type : config.get("layer_types").orElseThrow()) {
                switch (type.asText()) {
                    case "full_attention" -> sliding.add(false);
                    case "sliding_attention" -> sliding.add(true);
                    default -> throw config.wrong("layer_types", "contains " + type + ", which is not supported");
                }
            }
            if (sliding.size() != layers) {
                throw config.wrong("layer_types", "has " + sliding.size() + " entries for " + layers + " layers");
            }
            return sliding;
        }
    }
}
