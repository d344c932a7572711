package dev.flipside.model.family;

import java.util.OptionalInt;

/** Mixtral: Mistral with experts in place of every MLP. */
record Mixtral() implements Family {
    private static final double THETA = 1_000_000;

    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.ROUTER, "block_sparse_moe.gate")
            .with(BlockModules.GATE_UP_OF_EXPERT, "block_sparse_moe.experts.%d.w1", "block_sparse_moe.experts.%d.w3")
            .with(BlockModules.DOWN_OF_EXPERT, "block_sparse_moe.experts.%d.w2");

    @Override
    public String modelType() {
        return "mixtral";
    }

    @Override
    public String className() {
        return "Mixtral";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        return reader.gated(this, reader.equalHeads(), false, 1e-5)
                .sliding(reader.window(OptionalInt.empty()), reader.allLayers())
                .experts(reader.experts(8, 2, config.required("intermediate_size"), true, reader.allLayers()))
                .rope(RopeConfig.read(config, reader.maxPositions(), THETA))
                .build();
    }
}
