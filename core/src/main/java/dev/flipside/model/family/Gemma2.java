package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Placement;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Gemma 2: norms around both halves of a block, soft caps, every second layer sliding, embeddings scaled by the root of
 * their width.
 */
record Gemma2() implements Family {
    static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.ATTENTION_OUTPUT_NORM, "post_attention_layernorm")
            .with(BlockModules.MLP_NORM, "pre_feedforward_layernorm")
            .with(BlockModules.MLP_OUTPUT_NORM, "post_feedforward_layernorm");

    static final OptionalInt WINDOW = OptionalInt.of(4096);

    @Override
    public String modelType() {
        return "gemma2";
    }

    @Override
    public String className() {
        return "Gemma2";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        return gemma(
                        this,
                        reader,
                        cap(config, "attn_logit_softcapping", 50),
                        cap(config, "final_logit_softcapping", 30))
                .sliding(reader.window(WINDOW), reader.slidingLayers(i -> i % 2 == 0))
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }

    /** An explicit null switches a cap off. */
    private static OptionalDouble cap(ConfigJson config, String key, double byDefault) {
        return config.mentions(key) ? config.optionalNumber(key) : OptionalDouble.of(byDefault);
    }

    /** What Gemma 2 and 3 share. */
    static DecoderConfigBuilder gemma(
            Family family, FamilyReader reader, OptionalDouble attentionCap, OptionalDouble logitCap) {
        ConfigJson config = reader.config();
        reader.refuse("use_bidirectional_attention", "a decoder that sees later tokens cannot be trained here");
        boolean attention = config.flag("attention_bias", false);
        return reader.decoder(family, reader.headDim(256), true)
                .paddingToken(reader.paddingToken(OptionalInt.of(0)))
                .norm(NormKind.RMS_PLUS_ONE, config.number("rms_norm_eps", 1e-6))
                .norms(Placement.AROUND)
                .mlp(reader.activation("hidden_activation", "gelu_pytorch_tanh"), true)
                .biases(attention, attention, false)
                .attentionScale(Math.pow(config.number("query_pre_attn_scalar", 256), -0.5))
                .attentionSoftCap(attentionCap)
                .scales(Math.sqrt(reader.hiddenSize()), 1, 1, logitCap);
    }
}
