package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.NormKind;
import java.util.OptionalInt;

/**
 * GPT-2: learned positions, layer norms, an MLP without a gate, biases everywhere; its files hold matrices transposed.
 */
record Gpt2() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .around("transformer.", "wte", "h.", "ln_f", "lm_head")
            .withPositions("wpe")
            .with(BlockModules.ATTENTION_NORM, "ln_1")
            .with(BlockModules.QKV, TensorForm.TRANSPOSED, "attn.c_attn")
            .with(BlockModules.OUTPUT, TensorForm.TRANSPOSED, "attn.c_proj")
            .with(BlockModules.MLP_NORM, "ln_2")
            .with(BlockModules.UP, TensorForm.TRANSPOSED, "mlp.c_fc")
            .with(BlockModules.DOWN, TensorForm.TRANSPOSED, "mlp.c_proj")
            // Causal masks of old checkpoints.
            .withBuffers(".attn.bias", ".attn.masked_bias");

    @Override
    public String modelType() {
        return "gpt2";
    }

    @Override
    public String className() {
        return "GPT2";
    }

    @Override
    public String causalLmClass() {
        return "GPT2LMHeadModel";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config, "n_layer", "n_head", "n_embd", "n_positions");
        reader.refuse("add_cross_attention", "cross-attention is not supported");
        int width = reader.hiddenSize();
        int headDim = reader.equalHeads();
        DecoderConfigBuilder decoder = reader.decoder(
                        this, headDim, true, config.positive("n_inner").orElse(4 * width))
                .norm(NormKind.LAYER, config.number("layer_norm_epsilon", 1e-5))
                .mlp(reader.activation("activation_function", "gelu_new"), false)
                .biases(true, true, true)
                .attentionDividedByLayer(config.flag("scale_attn_by_inverse_layer_idx", false))
                .paddingToken(OptionalInt.empty())
                .learnedPositions();
        return config.flag("scale_attn_weights", true)
                ? decoder.build()
                : decoder.attentionScale(1).build();
    }
}
