package dev.flipside.model.family;

import java.util.OptionalInt;

/**
 * Phi-3, Phi-3.5 and Phi-4 (mini): Llama with fused matrices on disk, LongRoPE, and a part of each head rotated in
 * Phi-4-mini.
 */
record Phi3() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.QKV, "self_attn.qkv_proj")
            .with(BlockModules.GATE_UP, "mlp.gate_up_proj");

    /** transformers' default, which goes before one that stands among the rotary parameters. */
    private static final OptionalInt ORIGINAL_CONTEXT = OptionalInt.of(4096);

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
        RopeConfig rope = RopeConfig.readPartial(config, reader.maxPositions(), theta, ORIGINAL_CONTEXT);
        if (!(rope instanceof RopeConfig.Plain || rope instanceof RopeConfig.LongRope)) {
            throw config.wrong("rope_scaling", "is of another type than transformers knows of Phi-3's, longrope alone");
        }
        return reader.gated(this, headDim, false, 1e-5)
                .paddingToken(reader.paddingToken(OptionalInt.of(32_000)))
                .sliding(reader.window(OptionalInt.empty()), reader.allLayers())
                .rope(rope)
                .rotaryDim(rotaryDim)
                .build();
    }
}
