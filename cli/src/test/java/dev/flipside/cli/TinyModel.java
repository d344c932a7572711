package dev.flipside.cli;

import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.RewardModel;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** A random one-layer Llama with core's ChatML test tokenizer. */
public final class TinyModel {
    public static final int CONTEXT = 96;
    private static final int VOCABULARY = 320;
    private static final int HIDDEN = 16;

    private TinyModel() {}

    /** Writes a causal language model. */
    public static Path policy(Path directory) throws IOException {
        NativeLibrary.load();
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("config.json"),
                """
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": %d, "hidden_size": %d,
                 "intermediate_size": %d, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
                 "max_position_embeddings": %d, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true,
                 "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2}
                """
                        .formatted(VOCABULARY, HIDDEN, HIDDEN, CONTEXT));
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
            try (InputStream in = TinyModel.class.getResourceAsStream("/text/tiny-chatml/" + name)) {
                Files.copy(in, directory.resolve(name));
            }
        }
        try (PointerScope scope = new PointerScope()) {
            SafeTensors.write(directory.resolve("model.safetensors"), weights(), WeightType.F32);
        }
        return directory;
    }

    /** Writes a reward model whose value head is a constant. */
    public static Path rewardModel(Path policy, Path directory, double value) throws IOException {
        Files.createDirectories(directory);
        try (RewardModel model = RewardModel.fromBackbone(policy, Device.CPU, new Seeds(1))) {
            model.setValueHead(new double[HIDDEN], value);
            model.save(directory, WeightType.F32);
        }
        return directory;
    }

    /** Writes core's reward model whose tokenizer merges line breaks, with a ChatML template. */
    public static Path wholeText(Path directory) throws IOException {
        NativeLibrary.load();
        Files.createDirectories(directory);
        for (String name : new String[] {
            "wholetext/model/config.json",
            "wholetext/model/model.safetensors",
            "wholetext/line-breaks/tokenizer.json",
            "wholetext/line-breaks/tokenizer_config.json",
            "templates/chatml.jinja"
        }) {
            String file = name.endsWith(".jinja") ? "chat_template.jinja" : name.substring(name.lastIndexOf('/') + 1);
            try (InputStream in = TinyModel.class.getResourceAsStream("/text/" + name)) {
                Files.copy(in, directory.resolve(file));
            }
        }
        return directory;
    }

    private static Map<String, Tensor> weights() {
        SplittableRandom random = new SplittableRandom(5);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        put(weights, random, "model.embed_tokens.weight", VOCABULARY, HIDDEN);
        String layer = "model.layers.0.";
        put(weights, random, layer + "self_attn.q_proj.weight", HIDDEN, HIDDEN);
        put(weights, random, layer + "self_attn.k_proj.weight", HIDDEN / 2, HIDDEN);
        put(weights, random, layer + "self_attn.v_proj.weight", HIDDEN / 2, HIDDEN);
        put(weights, random, layer + "self_attn.o_proj.weight", HIDDEN, HIDDEN);
        put(weights, random, layer + "mlp.gate_proj.weight", HIDDEN, HIDDEN);
        put(weights, random, layer + "mlp.up_proj.weight", HIDDEN, HIDDEN);
        put(weights, random, layer + "mlp.down_proj.weight", HIDDEN, HIDDEN);
        for (String norm : new String[] {layer + "input_layernorm", layer + "post_attention_layernorm", "model.norm"}) {
            weights.put(
                    norm + ".weight",
                    Tensors.ofDoubles(
                            DoubleStream.generate(() -> 1).limit(HIDDEN).toArray(), Device.CPU, HIDDEN));
        }
        return weights;
    }

    private static void put(Map<String, Tensor> weights, SplittableRandom random, String name, int rows, int columns) {
        double[] values = random.doubles((long) rows * columns, -0.5, 0.5).toArray();
        weights.put(name, Tensors.ofDoubles(values, Device.CPU, rows, columns));
    }
}
