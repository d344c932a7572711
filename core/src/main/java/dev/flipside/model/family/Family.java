package dev.flipside.model.family;

import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A family of decoders: how its config.json is read and what its tensors are called. A new family is one more class
 * and, if its block differs, a field of {@link DecoderConfig}.
 */
public sealed interface Family
        permits Llama,
                Mistral,
                Qwen2,
                Qwen3,
                Gpt2,
                GptNeoX,
                Gemma2,
                Gemma3,
                Olmo2,
                Phi3,
                SmolLm3,
                Granite,
                Starcoder2,
                StableLm,
                Mixtral,
                Qwen3Moe {
    List<Family> ALL = List.of(
            new Llama(),
            new Mistral(),
            new Qwen2(),
            new Qwen3(),
            new Gpt2(),
            new GptNeoX(),
            new Gemma2(),
            new Gemma3(),
            new Olmo2(),
            new Phi3(),
            new SmolLm3(),
            new Granite(),
            new Starcoder2(),
            new StableLm(),
            new Mixtral(),
            new Qwen3Moe());

    /** {@code model_type} in config.json. */
    String modelType();

    /** What transformers' class names start with. */
    String className();

    /** transformers' class of the causal language model. */
    default String causalLmClass() {
        return className() + "ForCausalLM";
    }

    /** transformers' class of the sequence classifier. */
    default String classifierClass() {
        return className() + "ForSequenceClassification";
    }

    DecoderConfig read(ConfigJson config);

    /** {@link #read}, with a look at what has to fit together in any family. */
    default DecoderConfig checked(ConfigJson config) {
        DecoderConfig decoder = read(config);
        RopeConfig.requireFitting(config, decoder.positions());
        return decoder;
    }

    /** The tensors of its directories. */
    default TensorNames names() {
        return TensorNames.LLAMA;
    }

    /** @throws UserError naming the type and the supported ones */
    static Family of(Path file, ConfigJson config) {
        String type = config.text("model_type", "");
        return ALL.stream()
                .filter(f -> f.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> new UserError(file + ": model_type '" + type + "' is not supported; supported are "
                        + ALL.stream().map(Family::modelType).collect(Collectors.joining(", ")) + "."));
    }

    /** The family of a configuration that one of them read. */
    static Family of(DecoderConfig config) {
        return ALL.stream()
                .filter(f -> f.modelType().equals(config.modelType()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(config.modelType()));
    }
}
