package dev.flipside.rollout;

import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Small random models whose next tokens are neither certain nor all alike: weights of standard deviation 0.3, norms around one. */
final class RandomModels {
    static final int VOCABULARY = 61;
    static final int CONTEXT = 48;
    private static final int HIDDEN = 32;
    private static final int HEAD_DIM = 8;
    private static final int MLP = 40;

    private RandomModels() {}

    /** Four query heads on two key heads, untied head. */
    static Path llama(Path directory) {
        return write(directory, "llama", "\"architectures\": [\"LlamaForCausalLM\"]");
    }

    /** The same with a window of five tokens. */
    static Path mistral(Path directory) {
        return write(directory, "mistral", "\"architectures\": [\"MistralForCausalLM\"], \"sliding_window\": 5");
    }

    private static Path write(Path directory, String type, String more) {
        String config = String.format(
                """
                {"model_type": "%s", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": 2,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": %d, "max_position_embeddings": %d,
                 "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false, "hidden_act": "silu",
                 "bos_token_id": 1, "eos_token_id": [2, 3, 4, 5], %s}
                """,
                type, VOCABULARY, HIDDEN, MLP, HEAD_DIM, CONTEXT, more);
        try (PointerScope scope = new PointerScope()) {
            Files.writeString(directory.resolve("config.json"), config);
            SafeTensors.write(directory.resolve("model.safetensors"), weights(), WeightType.F32);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return directory;
    }

    private static Map<String, Tensor> weights() {
        SplittableRandom random = new Seeds(17).random(Seeds.Stream.MODEL_INITIALISATION, 0);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        put(weights, random, "model.embed_tokens.weight", VOCABULARY, HIDDEN);
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "model.layers." + layer + ".";
            put(weights, random, prefix + "self_attn.q_proj.weight", 4 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.k_proj.weight", 2 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.v_proj.weight", 2 * HEAD_DIM, HIDDEN);
            put(weights, random, prefix + "self_attn.o_proj.weight", HIDDEN, 4 * HEAD_DIM);
            put(weights, random, prefix + "mlp.gate_proj.weight", MLP, HIDDEN);
            put(weights, random, prefix + "mlp.up_proj.weight", MLP, HIDDEN);
            put(weights, random, prefix + "mlp.down_proj.weight", HIDDEN, MLP);
            put(weights, random, prefix + "input_layernorm.weight", HIDDEN);
            put(weights, random, prefix + "post_attention_layernorm.weight", HIDDEN);
        }
        put(weights, random, "model.norm.weight", HIDDEN);
        put(weights, random, "lm_head.weight", VOCABULARY, HIDDEN);
        return weights;
    }

    private static void put(Map<String, Tensor> weights, SplittableRandom random, String name, long... shape) {
        int elements = 1;
        for (long size : shape) {
            elements *= (int) size;
        }
        double mean = shape.length == 1 ? 1 : 0;
        double[] values = random.doubles(elements, mean - 0.52, mean + 0.52).toArray();
        weights.put(name, Tensors.ofDoubles(values, Device.CPU, shape));
    }
}
