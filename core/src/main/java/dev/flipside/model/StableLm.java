package dev.flipside.model;

import dev.flipside.model.DecoderConfig.NormKind;
import dev.flipside.model.DecoderConfig.Residual;

/** StableLM 2 (1.6B, Zephyr 3B): layer norms around Llama's halves, a quarter of each head rotated, optionally both halves side by side. */
record StableLm() implements Family {
    @Override
    public String modelType() {
        return "stablelm";
    }

    @Override
    public String className() {
        return "StableLm";
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        reader.refuse("qk_layernorm", "a layer norm for every head (StableLM 2 12B) is not supported");
        boolean qkv = config.flag("use_qkv_bias", false);
        int headDim = reader.equalHeads();
        double theta = config.number("rope_theta", RopeConfig.DEFAULT_THETA);
        boolean parallel = config.flag("use_parallel_residual", false);
        return reader.decoder(this, headDim, false)
                .norm(NormKind.LAYER, config.number("layer_norm_eps", 1e-5))
                .residual(parallel ? Residual.PARALLEL_ONE_NORM : Residual.SEQUENTIAL)
                .mlp(reader.activation("hidden_act", "silu"), true)
                .biases(qkv, false, false)
                .rope(RopeConfig.readPartial(config, reader.maxPositions(), theta))
                .rotaryDim(reader.rotaryDim(headDim, RopeConfig.partialFactor(config, 0.25)))
                .build();
    }
}
