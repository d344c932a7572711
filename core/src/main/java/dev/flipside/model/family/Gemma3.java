package dev.flipside.model.family;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The text decoder of Gemma 3: Gemma 2 without soft caps, with norms of queries and keys and a slower rotation where a
 * layer sees everything.
 */
record Gemma3() implements Family {
    private static final double GLOBAL_THETA = 1_000_000;
    private static final String LOCAL = "sliding_attention";
    private static final String GLOBAL = "full_attention";

    @Override
    public String modelType() {
        return "gemma3_text";
    }

    @Override
    public String className() {
        return "Gemma3Text";
    }

    @Override
    public String causalLmClass() {
        return "Gemma3ForCausalLM";
    }

    @Override
    public TensorNames names() {
        return Gemma2.NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        if (config.get("attn_logit_softcapping").isPresent()) {
            throw config.wrong(
                    "attn_logit_softcapping", "is not null; transformers does not apply it, so neither can we");
        }
        int pattern = config.positive("sliding_window_pattern").orElse(6);
        OptionalInt window = reader.window(Gemma2.WINDOW);
        List<Boolean> sliding = reader.slidingLayers(i -> (i + 1) % pattern != 0);
        RopeConfig local = rope(config, LOCAL, config.number("rope_local_base_freq", RopeConfig.DEFAULT_THETA), reader);
        RopeConfig global = rope(config, GLOBAL, config.number("rope_theta", GLOBAL_THETA), reader);
        return Gemma2.gemma(this, reader, OptionalDouble.empty(), config.optionalNumber("final_logit_softcapping"))
                .headNorms(DecoderConfig.HeadNorms.EACH)
                .sliding(window, sliding)
                .ropes(sliding.stream()
                        .map(slides -> Optional.of(slides ? local : global))
                        .toList())
                .build();
    }

    /** New files name both rotations; old ones have {@code rope_scaling} for the global one. */
    private static RopeConfig rope(ConfigJson config, String layerType, double theta, FamilyReader reader) {
        Optional<ConfigJson> parameters = config.object("rope_parameters").flatMap(p -> p.object(layerType));
        if (parameters.isEmpty() && layerType.equals(GLOBAL)) {
            parameters = config.object("rope_scaling");
        }
        String key = parameters.isPresent() ? "rope_parameters." + layerType : "rope_scaling";
        return parameters
                .map(p -> RopeConfig.ofLayerType(config, key, p, reader.maxPositions(), theta))
                .orElseGet(() -> new RopeConfig.Plain(theta));
    }
}
