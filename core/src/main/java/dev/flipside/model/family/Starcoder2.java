package dev.flipside.model.family;

import dev.flipside.model.family.DecoderConfig.NormKind;
import java.util.OptionalInt;

/** StarCoder 2: rotary positions with layer norms, an MLP without a gate, and biases. */
record Starcoder2() implements Family {
    private static final TensorNames NAMES =
            TensorNames.LLAMA.with(BlockModules.UP, "mlp.c_fc").with(BlockModules.DOWN, "mlp.c_proj");

    @Override
    public String modelType() {
        return "starcoder2";
    }

    @Override
    public String className() {
        return "Starcoder2";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean bias = config.flag("use_bias", true);
        return reader.decoder(this, reader.equalHeads(), true)
                .norm(NormKind.LAYER, config.number("norm_epsilon", 1e-5))
                .mlp(reader.activation("hidden_act", "gelu_pytorch_tanh"), false)
                .biases(bias, bias, bias)
                .sliding(reader.window(OptionalInt.empty()), reader.allLayers())
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }
}
