package dev.flipside.model.family;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** SmolLM3: Llama with layers that do not know where tokens stand (NoPE, every fourth one by default). */
record SmolLm3() implements Family {
    private static final double THETA = 2_000_000;

    @Override
    public String modelType() {
        return "smollm3";
    }

    @Override
    public String className() {
        return "SmolLM3";
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        RopeConfig rope = RopeConfig.read(config, reader.maxPositions(), THETA);
        List<Boolean> rotated = rotated(reader);
        return reader.gated(this, reader.equalHeads(), true, 1e-6)
                .paddingToken(reader.paddingToken(OptionalInt.of(128_004)))
                .biases(attention, attention, config.flag("mlp_bias", false))
                .sliding(reader.optionalWindow(OptionalInt.empty()), reader.slidingLayers(i -> !rotated.get(i)))
                .ropes(rotated.stream()
                        .map(r -> r ? Optional.of(rope) : Optional.<RopeConfig>empty())
                        .toList())
                .build();
    }

    /** {@code no_rope_layers} is 1 where a layer is rotated, whatever its name says. */
    private static List<Boolean> rotated(FamilyReader reader) {
        ConfigJson config = reader.config();
        List<Boolean> rotated = new ArrayList<>();
        Optional<JsonNode> explicit = config.get("no_rope_layers");
        if (explicit.isPresent()) {
            for (JsonNode layer : explicit.get()) {
                rotated.add(layer.asInt() != 0);
            }
            reader.requireOnePerLayer("no_rope_layers", rotated.size());
            return rotated;
        }
        int interval = config.positive("no_rope_layer_interval").orElse(4);
        for (int i = 0; i < reader.layers(); i++) {
            rotated.add((i + 1) % interval != 0);
        }
        return rotated;
    }
}
