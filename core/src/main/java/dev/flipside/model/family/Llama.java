package dev.flipside.model.family;

/** Llama 2 and 3, and what is built like them (SmolLM2, TinyStories' llama2.c models). */
public record Llama() implements Family {
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
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        return reader.gated(this, reader.equalHeads(), false, 1e-6)
                .biases(attention, attention, config.flag("mlp_bias", false))
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
