package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.Placement;
import java.util.OptionalInt;

/** OLMo 2: norms behind both halves of a block instead of before, and of all queries and all keys together. */
record Olmo2() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.ATTENTION_OUTPUT_NORM, "post_attention_layernorm")
            .with(BlockModules.MLP_OUTPUT_NORM, "post_feedforward_layernorm");

    @Override
    public String modelType() {
        return "olmo2";
    }

    @Override
    public String className() {
        return "Olmo2";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        return reader.gated(this, reader.equalHeads(), false, 1e-5)
                .paddingToken(reader.paddingToken(OptionalInt.of(1)))
                .norms(Placement.AFTER)
                .headNorms(HeadNorms.TOGETHER)
                .biases(attention, attention, false)
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
