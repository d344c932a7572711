package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes Hugging Face directories of random models small enough for a test, with the tensor names that transformers
 * gives them. A test states what it cares about; the rest is a model of two layers that knows {@link #VOCAB} tokens.
 */
public final class TinyModels {
    static final int VOCAB = 37;
    static final int D = 24;
    static final int F = 40;
    static final int HEADS = 4;
    static final int KV = 2;
    static final int HEAD_DIM = 8;

    private final ObjectNode config = Json.MAPPER.createObjectNode();
    private Consumer<Map<String, long[]>> tensors = shapes -> {};
    private long seed = 5;
    private double spread = 0.25 * Math.sqrt(3);

    private TinyModels(String modelType) {
        config.put("model_type", modelType).put("vocab_size", VOCAB).put("hidden_size", D);
        config.put("intermediate_size", F).put("num_hidden_layers", 2);
        config.put("num_attention_heads", HEADS).put("num_key_value_heads", KV).put("head_dim", HEAD_DIM);
        config.put("hidden_act", "silu").put("rms_norm_eps", 1e-5).put("max_position_embeddings", 64);
        config.put("tie_word_embeddings", false)
                .put("bos_token_id", 1)
                .put("eos_token_id", 2)
                .put("pad_token_id", 0);
        config.put("rope_theta", 10000.0).put("torch_dtype", "float32");
        if (modelType.equals("mistral")) {
            config.putNull("sliding_window");
        }
    }

    public static TinyModels llama() {
        return of("llama");
    }

    /** A model of one of the families whose tensors are named like Llama's. */
    public static TinyModels of(String modelType) {
        return new TinyModels(modelType);
    }

    /** Changes config.json; the tensors follow its sizes. */
    public TinyModels config(Consumer<ObjectNode> change) {
        change.accept(config);
        return this;
    }

    /** Changes what is stored: names of tensors and their shapes, in the order in which numbers are drawn. */
    TinyModels tensors(Consumer<Map<String, long[]>> change) {
        tensors = tensors.andThen(change);
        return this;
    }

    /** A classifier with one label in the place of the language model. */
    public TinyModels classifier() {
        config.putArray("architectures").add("LlamaForSequenceClassification");
        config.put("num_labels", 1);
        return tensors(shapes -> {
            shapes.remove("lm_head.weight");
            shapes.put("score.weight", new long[] {1, size("hidden_size")});
        });
    }

    public TinyModels seed(long value) {
        seed = value;
        return this;
    }

    /** How far weights are from 0, and those of norms from 1, at most: wide enough that every feature matters. */
    public TinyModels spread(double value) {
        spread = value;
        return this;
    }

    ObjectNode json() {
        return config;
    }

    /** Writes config.json and model.safetensors. */
    public Path write(Path directory) {
        writeConfig(directory);
        SplittableRandom random = new Seeds(seed).random(Seeds.Stream.MODEL_INITIALISATION, 0);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            shapes().forEach((name, shape) -> weights.put(name, draw(random, name, shape)));
            SafeTensors.write(directory.resolve("model.safetensors"), weights, WeightType.F32);
        }
        return directory;
    }

    /** Without weights, for {@link CausalLm#untrained}. */
    public Path writeConfig(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Json.write(directory.resolve("config.json"), config);
        return directory;
    }

    /** Writes a causal model and loads it. */
    CausalLm lm(Path directory) {
        return CausalLm.load(write(directory), Device.CPU);
    }

    private int size(String key) {
        return config.get(key).intValue();
    }

    private Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        int hidden = size("hidden_size");
        shapes.put("model.embed_tokens.weight", new long[] {size("vocab_size"), hidden});
        for (int layer = 0; layer < size("num_hidden_layers"); layer++) {
            block(shapes, "model.layers." + layer + ".", hidden);
        }
        shapes.put("model.norm.weight", new long[] {hidden});
        if (!config.path("tie_word_embeddings").asBoolean()) {
            shapes.put("lm_head.weight", new long[] {size("vocab_size"), hidden});
        }
        tensors.accept(shapes);
        return shapes;
    }

    private void block(Map<String, long[]> shapes, String prefix, int hidden) {
        String type = config.get("model_type").asText();
        int queries = size("num_attention_heads") * size("head_dim");
        int keys = size("num_key_value_heads") * size("head_dim");
        boolean outBias = config.path("attention_bias").asBoolean();
        boolean qkvBias = outBias || type.equals("qwen2");
        linear(shapes, prefix + "self_attn.q_proj", queries, hidden, qkvBias);
        linear(shapes, prefix + "self_attn.k_proj", keys, hidden, qkvBias);
        linear(shapes, prefix + "self_attn.v_proj", keys, hidden, qkvBias);
        linear(shapes, prefix + "self_attn.o_proj", hidden, queries, outBias);
        if (type.equals("qwen3")) {
            shapes.put(prefix + "self_attn.q_norm.weight", new long[] {size("head_dim")});
            shapes.put(prefix + "self_attn.k_norm.weight", new long[] {size("head_dim")});
        }
        boolean mlpBias = config.path("mlp_bias").asBoolean();
        int mlp = size("intermediate_size");
        linear(shapes, prefix + "mlp.gate_proj", mlp, hidden, mlpBias);
        linear(shapes, prefix + "mlp.up_proj", mlp, hidden, mlpBias);
        linear(shapes, prefix + "mlp.down_proj", hidden, mlp, mlpBias);
        shapes.put(prefix + "input_layernorm.weight", new long[] {hidden});
        shapes.put(prefix + "post_attention_layernorm.weight", new long[] {hidden});
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    private Tensor draw(SplittableRandom random, String name, long[] shape) {
        double mean = name.contains("norm") ? 1 : 0;
        long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        double[] values = random.doubles(count, mean - spread, mean + spread).toArray();
        return Tensors.ofDoubles(values, Device.CPU, shape);
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
