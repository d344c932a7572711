package dev.flipside.model;

import java.util.OptionalInt;

/** Phi-3, Phi-3.5 and Phi-4 (mini): Llama with fused matrices on disk, LongRoPE, and a part of each head rotated in Phi-4-mini. */
record Phi3() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(DecoderLayer.QKV, "self_attn.qkv_proj")
            .with(DecoderLayer.GATE_UP, "mlp.gate_up_proj");

    @Override
    public String modelType() {
        return "phi3";
    }

    @Override
    public String className() {
        return "Phi3";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        int headDim = reader.equalHeads();
        int rotaryDim = reader.rotaryDim(headDim, RopeConfig.partialFactor(config, 1));
        double theta = config.number("rope_theta", RopeConfig.DEFAULT_THETA);
        RopeConfig rope = RopeConfig.readPartial(config, reader.maxPositions(), theta);
        if (rope instanceof RopeConfig.LongRope longRope) {
            requireOnePerPair(config, "short_factor", longRope.shortFactors().size(), rotaryDim);
            requireOnePerPair(config, "long_factor", longRope.longFactors().size(), rotaryDim);
        }
        return reader.gated(this, headDim, false, 1e-5)
                .sliding(reader.window(OptionalInt.empty()), reader.allLayers())
                .rope(rope)
                .rotaryDim(rotaryDim)
                .build();
    }

    private static void requireOnePerPair(ConfigJson config, String key, int factors, int rotaryDim) {
        if (factors != rotaryDim / 2) {
            throw config.wrong(key, "has " + factors + " entries for " + rotaryDim / 2 + " rotated pairs");
        }
    }
}
