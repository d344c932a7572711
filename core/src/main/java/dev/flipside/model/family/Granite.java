package dev.flipside.model.family;

import java.util.OptionalDouble;

/**
 * Granite 3: Llama with multipliers of embeddings, residuals, attention scores and logits. transformers has no sequence
 * classifier for it; see docs/models.md.
 */
record Granite() implements Family {
    @Override
    public String modelType() {
        return "granite";
    }

    @Override
    public String className() {
        return "Granite";
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        return reader.gated(this, reader.equalHeads(), false, 1e-6)
                .biases(attention, attention, config.flag("mlp_bias", false))
                .attentionScale(config.number("attention_multiplier", 1))
                .scales(
                        config.number("embedding_multiplier", 1),
                        config.number("residual_multiplier", 1),
                        1 / config.number("logits_scaling", 1),
                        OptionalDouble.empty())
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
