package dev.flipside.model.family;

import java.util.OptionalInt;

/** Qwen2 and Qwen2.5: biases on queries, keys and values. */
record Qwen2() implements Family {
    static final OptionalInt WINDOW = OptionalInt.of(4096);

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
        FamilyReader reader = FamilyReader.of(config);
        return reader.gated(this, reader.equalHeads(), false, 1e-6)
                .biases(true, false, false)
                .sliding(reader.optionalWindow(WINDOW), reader.laterLayers())
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
