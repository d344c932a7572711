package com.example.flipside;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Writes a Hugging Face directory with a random Llama of 30,000 weights that knows twenty words: enough to see training work, too little to say anything. */
final class TinyModel {
    /** Ids 0 to 2 are never part of a text; 1 ends it. */
    static final List<String> WORDS = List.of(
            "<pad>", "<end>", "<unk>", "kind", "gentle", "warm", "thanks", "cold", "rude", "loud", "dull", "the", "a",
            "fox", "owl", "river", "stone", "sings", "sleeps", "walks");

    private static final int HIDDEN = 32;
    private static final int HEAD_DIM = 8;
    private static final int MLP = 96;
    private static final int LAYERS = 2;
    private static final double WEIGHT_STD = 0.15;

    private TinyModel() {}

    /** Writes config.json, tokenizer.json and model.safetensors. */
    static Path write(Path directory, long seed) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("config.json"),
                """
                {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d, "hidden_size": %d,
                 "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "head_dim": %d, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "tie_word_embeddings": false, "hidden_act": "silu", "pad_token_id": 0, "eos_token_id": 1}
                """
                        .formatted(WORDS.size(), HIDDEN, MLP, LAYERS, HEAD_DIM));
        Files.writeString(directory.resolve("tokenizer.json"), tokenizer());
        try (PointerScope scope = new PointerScope()) {
            SafeTensors.write(directory.resolve("model.safetensors"), weights(seed), WeightType.F32);
        }
        return directory;
    }

    private static String tokenizer() {
        String special = IntStream.range(0, 3)
                .mapToObj(id ->
                        "{\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}"
                                .formatted(id, WORDS.get(id)))
                .collect(Collectors.joining(", "));
        String vocabulary = IntStream.range(0, WORDS.size())
                .mapToObj(id -> "\"%s\": %d".formatted(WORDS.get(id), id))
                .collect(Collectors.joining(", "));
        return """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "<unk>"}}
                """
                .formatted(special, vocabulary);
    }

    private static Map<String, Tensor> weights(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        put(weights, random, "model.embed_tokens.weight", WORDS.size(), HIDDEN);
        for (int layer = 0; layer < LAYERS; layer++) {
            String prefix = "model.layers." + layer + ".";
            put(weights, random, prefix + "self_attn.q_proj.weight", 4 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.k_proj.weight", 2 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.v_proj.weight", 2 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.o_proj.weight", HIDDEN, 4 * HEAD_DIM);
            put(weights, random, prefix + "mlp.gate_proj.weight", MLP, HIDDEN);
            put(weights, random, prefix + "mlp.up_proj.weight", MLP, HIDDEN);
            put(weights, random, prefix + "mlp.down_proj.weight", HIDDEN, MLP);
            putOnes(weights, prefix + "input_layernorm.weight");
            putOnes(weights, prefix + "post_attention_layernorm.weight");
        }
        putOnes(weights, "model.norm.weight");
        put(weights, random, "lm_head.weight", WORDS.size(), HIDDEN);
        return weights;
    }

    private static void put(Map<String, Tensor> weights, SplittableRandom random, String name, int rows, int columns) {
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = WEIGHT_STD * random.nextGaussian();
        }
        weights.put(name, Tensors.ofDoubles(values, Device.CPU, rows, columns));
    }

    private static void putOnes(Map<String, Tensor> weights, String name) {
        double[] values = new double[HIDDEN];
        java.util.Arrays.fill(values, 1);
        weights.put(name, Tensors.ofDoubles(values, Device.CPU, HIDDEN));
    }
}
