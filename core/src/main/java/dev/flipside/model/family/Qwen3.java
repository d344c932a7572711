package dev.flipside.model.family;

/** Qwen3: norms on queries and keys, an explicit head size. */
record Qwen3() implements Family {
    /** transformers' default where config.json has none. */
    private static final int HEAD_DIM = 128;

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
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        return reader.gated(this, reader.headDim(HEAD_DIM), false, 1e-6)
                .biases(attention, attention, false)
                .headNorms(DecoderConfig.HeadNorms.EACH)
                .sliding(reader.optionalWindow(Qwen2.WINDOW), reader.laterLayers())
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
