package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Writes Hugging Face directories of random models small enough for a test, with the tensor names that transformers gives them. */
final class TinyModels {
    static final int VOCAB = 37;
    static final int D = 24;
    static final int F = 40;
    static final int LAYERS = 2;
    static final int HEADS = 4;
    static final int KV = 2;
    static final int HEAD_DIM = 8;

    private TinyModels() {}

    /** A configuration of the family, changed by {@code change}. */
    static ObjectNode config(String modelType, Consumer<ObjectNode> change) {
        ObjectNode c = Json.MAPPER.createObjectNode();
        c.put("model_type", modelType).put("vocab_size", VOCAB).put("hidden_size", D);
        c.put("intermediate_size", F).put("num_hidden_layers", LAYERS);
        c.put("num_attention_heads", HEADS).put("num_key_value_heads", KV).put("head_dim", HEAD_DIM);
        c.put("hidden_act", "silu").put("rms_norm_eps", 1e-5).put("max_position_embeddings", 64);
        c.put("tie_word_embeddings", false)
                .put("bos_token_id", 1)
                .put("eos_token_id", 2)
                .put("pad_token_id", 0);
        c.put("rope_theta", 10000.0).put("torch_dtype", "float32");
        if (modelType.equals("mistral")) {
            c.putNull("sliding_window");
        }
        change.accept(c);
        return c;
    }

    /** The names and shapes of a causal model's tensors. */
    static Map<String, long[]> shapes(ObjectNode c) {
        String type = c.get("model_type").asText();
        boolean qkvBias = type.equals("qwen2") || c.path("attention_bias").asBoolean();
        boolean outBias = c.path("attention_bias").asBoolean();
        Map<String, long[]> s = new LinkedHashMap<>();
        s.put("model.embed_tokens.weight", new long[] {VOCAB, D});
        for (int i = 0; i < LAYERS; i++) {
            String p = "model.layers." + i + ".";
            s.put(p + "input_layernorm.weight", new long[] {D});
            s.put(p + "post_attention_layernorm.weight", new long[] {D});
            linear(s, p + "self_attn.q_proj", HEADS * HEAD_DIM, D, qkvBias);
            linear(s, p + "self_attn.k_proj", KV * HEAD_DIM, D, qkvBias);
            linear(s, p + "self_attn.v_proj", KV * HEAD_DIM, D, qkvBias);
            linear(s, p + "self_attn.o_proj", D, HEADS * HEAD_DIM, outBias);
            if (type.equals("qwen3")) {
                s.put(p + "self_attn.q_norm.weight", new long[] {HEAD_DIM});
                s.put(p + "self_attn.k_norm.weight", new long[] {HEAD_DIM});
            }
            boolean mlpBias = c.path("mlp_bias").asBoolean();
            linear(s, p + "mlp.gate_proj", F, D, mlpBias);
            linear(s, p + "mlp.up_proj", F, D, mlpBias);
            linear(s, p + "mlp.down_proj", D, F, mlpBias);
        }
        s.put("model.norm.weight", new long[] {D});
        if (!c.path("tie_word_embeddings").asBoolean()) {
            s.put("lm_head.weight", new long[] {VOCAB, D});
        }
        return s;
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    /** A causal model's directory. */
    static Path write(Path directory, ObjectNode config) {
        return write(directory, config, shapes(config));
    }

    static Path write(Path directory, ObjectNode config, Map<String, long[]> shapes) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Json.write(directory.resolve("config.json"), config);
        SplittableRandom random = new SplittableRandom(5);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> tensors.put(name, random(random, name, shape)));
            SafeTensors.write(directory.resolve("model.safetensors"), tensors, WeightType.F32);
        }
        return directory;
    }

    private static Tensor random(SplittableRandom random, String name, long[] shape) {
        int n = 1;
        for (long d : shape) {
            n *= (int) d;
        }
        // Norms around 1, everything else wide enough that every feature matters.
        double mean = name.contains("norm") ? 1 : 0;
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (mean + 0.25 * (random.nextDouble() * 2 - 1) * Math.sqrt(3));
        }
        return Tensors.ofFloats(values, Device.CPU, shape);
    }

    static CausalLm lm(Path directory, String modelType, Consumer<ObjectNode> change) {
        return CausalLm.load(write(directory, config(modelType, change)), Device.CPU);
    }

    /** Random prompts and completions of different lengths. */
    static List<TokenRow> rows(int count, int longest) {
        SplittableRandom random = new SplittableRandom(11);
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < count; r++) {
            int length = 2 + random.nextInt(longest - 1);
            rows.add(new TokenRow(ids(random, length), 1 + random.nextInt(length)));
        }
        return rows;
    }

    static int[] ids(SplittableRandom random, int length) {
        return random.ints(length, 3, VOCAB).toArray();
    }
}
