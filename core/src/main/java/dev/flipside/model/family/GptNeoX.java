package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Residual;
import java.util.OptionalInt;

/**
 * GPT-NeoX and Pythia: attention and MLP side by side, layer norms, a quarter of each head rotated, queries, keys and
 * values head by head in one matrix.
 */
record GptNeoX() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .around("gpt_neox.", "embed_in", "layers.", "final_layer_norm", "embed_out")
            .with(BlockModules.QKV, TensorForm.BY_HEAD, "attention.query_key_value")
            .with(BlockModules.OUTPUT, "attention.dense")
            .with(BlockModules.UP, "mlp.dense_h_to_4h")
            .with(BlockModules.DOWN, "mlp.dense_4h_to_h")
            .withAlias("lm_head.weight", "embed_out.weight")
            // Causal masks of old checkpoints.
            .withBuffers(".attention.bias", ".attention.masked_bias");

    @Override
    public String modelType() {
        return "gpt_neox";
    }

    @Override
    public String className() {
        return "GPTNeoX";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", true);
        int headDim = reader.equalHeads();
        double share = RopeConfig.partialFactor(config, config.number("rotary_pct", 0.25));
        double theta = config.number("rope_theta", config.number("rotary_emb_base", RopeConfig.DEFAULT_THETA));
        return reader.decoder(this, headDim, false)
                .paddingToken(OptionalInt.empty())
                .norm(NormKind.LAYER, config.number("layer_norm_eps", 1e-5))
                .residual(config.flag("use_parallel_residual", true) ? Residual.PARALLEL : Residual.SEQUENTIAL)
                .mlp(reader.activation("hidden_act", "gelu"), false)
                .biases(attention, attention, true)
                .rope(RopeConfig.readPartial(config, reader.maxPositions(), theta))
                .rotaryDim(reader.rotaryDim(headDim, share))
                .build();
    }
}
