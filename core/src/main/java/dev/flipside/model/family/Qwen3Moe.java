package dev.flipside.model.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.model.family.DecoderConfig.HeadNorms;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Qwen3 with experts in place of the MLP of all layers, or of some. */
record Qwen3Moe() implements Family {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(BlockModules.ROUTER, "mlp.gate")
            .with(BlockModules.GATE_UP_OF_EXPERT, "mlp.experts.%d.gate_proj", "mlp.experts.%d.up_proj")
            .with(BlockModules.DOWN_OF_EXPERT, "mlp.experts.%d.down_proj");

    @Override
    public String modelType() {
        return "qwen3_moe";
    }

    @Override
    public String className() {
        return "Qwen3Moe";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public DecoderConfig read(ConfigJson config) {
        FamilyReader reader = FamilyReader.of(config);
        boolean attention = config.flag("attention_bias", false);
        return reader.gated(this, reader.equalHeads(), false, 1e-6)
                .biases(attention, attention, false)
                .headNorms(HeadNorms.EACH)
                .sliding(reader.optionalWindow(Qwen2.WINDOW), reader.allLayers())
                .experts(reader.experts(
                        128,
                        8,
                        config.positive("moe_intermediate_size").orElse(768),
                        config.flag("norm_topk_prob", false),
                        sparseLayers(reader)))
                .rope(RopeConfig.read(config, reader.maxPositions()))
                .build();
    }

    private static List<Boolean> sparseLayers(FamilyReader reader) {
        ConfigJson config = reader.config();
        int step = config.positive("decoder_sparse_step").orElse(1);
        Set<Integer> dense = new HashSet<>();
        config.get("mlp_only_layers").ifPresent(list -> {
            for (JsonNode layer : list) {
                dense.add(layer.asInt());
            }
        });
        return IntStream.range(0, reader.layers())
                .mapToObj(i -> !dense.contains(i) && (i + 1) % step == 0)
                .toList();
    }
}
