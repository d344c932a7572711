package dev.flipside.model.family;

import java.util.OptionalInt;

/** Mistral: Llama with a sliding window on every layer, or {@code null} for none. */
public record Mistral() implements Family {
    /** transformers' default is a window; only an explicit null switches it off. */
    private static final OptionalInt WINDOW = OptionalInt.of(4096);

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
        FamilyReader reader = FamilyReader.of(config);
        return reader.gated(this, reader.equalHeads(), false, 1e-6)
                .sliding(reader.window(WINDOW), reader.allLayers())
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
