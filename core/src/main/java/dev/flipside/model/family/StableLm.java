package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Residual;

/**
 * StableLM 2: layer norms around Llama's halves, a quarter of each head rotated; both halves side by side and norms of
 * queries and keys in the 12B model.
 */
record StableLm() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.QUERY_NORM, "self_attn.q_layernorm.norms.%d")
            .with(BlockModules.KEY_NORM, "self_attn.k_layernorm.norms.%d");

    @Override
    public String modelType() {
        return "stablelm";
    }

    @Override
    public String className() {
        return "StableLm";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean qkv = config.flag("use_qkv_bias", false);
        int headDim = reader.equalHeads();
        double theta = config.number("rope_theta", RopeConfig.DEFAULT_THETA);
        boolean parallel = config.flag("use_parallel_residual", false);
        return reader.decoder(this, headDim, false)
                .norm(NormKind.LAYER, config.number("layer_norm_eps", 1e-5))
                .residual(parallel ? Residual.PARALLEL_ONE_NORM : Residual.SEQUENTIAL)
                .mlp(reader.activation("hidden_act", "silu"), true)
                .biases(qkv, false, false)
                .headNorms(config.flag("qk_layernorm", false) ? HeadNorms.EACH_ITS_OWN : HeadNorms.NONE)
                .rope(RopeConfig.readPartial(config, reader.maxPositions(), theta))
                .rotaryDim(reader.rotaryDim(headDim, RopeConfig.partialFactor(config, 0.25)))
                .build();
    }
}
