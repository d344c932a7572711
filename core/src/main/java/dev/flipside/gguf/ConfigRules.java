package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/**
 * What config.json says, architecture by architecture. What GGUF does not store is what llama.cpp has in its source
 * (src/models) or transformers in its configuration classes; the comments say which.
 */
final class ConfigRules {
    private static final String GELU_TANH = "gelu_pytorch_tanh";

    private ConfigRules() {}

    static void llama(Hyperparameters from, ObjectNode config) {
        llamaLike(from, config);
        config.put("hidden_act", "silu");
        config.put("attention_bias", allOrNone(from, "attn_q", "attn_k", "attn_v", "attn_output"));
        config.put("mlp_bias", allOrNone(from, "ffn_gate", "ffn_up", "ffn_down"));
    }

    static void mistral(Hyperparameters from, ObjectNode config) {
        llamaLike(from, config);
        config.put("hidden_act", "silu");
        config.put("sliding_window", from.requiredPositive("attention.sliding_window"));
    }

    static void mixtral(Hyperparameters from, ObjectNode config) {
        llamaLike(from, config);
        config.put("hidden_act", "silu");
        window(from, config);
        config.put("num_local_experts", from.requiredPositive("expert_count"));
        config.put("num_experts_per_tok", from.requiredPositive("expert_used_count"));
    }

    static void qwen2(Hyperparameters from, ObjectNode config) {
        llamaLike(from, config);
        config.put("hidden_act", "silu");
        config.put("use_sliding_window", false);
    }

    static void qwen3(Hyperparameters from, ObjectNode config) {
        qwen2(from, config);
        config.put("attention_bias", allOrNone(from, "attn_q", "attn_k", "attn_v", "attn_output"));
    }

    static void qwen3Moe(Hyperparameters from, ObjectNode config) {
        qwen3(from, config);
        config.put("num_experts", from.requiredPositive("expert_count"));
        config.put("num_experts_per_tok", from.requiredPositive("expert_used_count"));
        config.put("moe_intermediate_size", from.requiredPositive("expert_feed_forward_length"));
        // llama.cpp always normalises the weights of the chosen experts, and has experts in every block.
        config.put("norm_topk_prob", true);
        config.put("decoder_sparse_step", 1);
        config.putArray("mlp_only_layers");
    }

    static void gemma2(Hyperparameters from, ObjectNode config) {
        gemma(from, config, 46);
        config.put(
                "attn_logit_softcapping", from.number("attn_logit_softcapping").orElse(50));
        config.put(
                "final_logit_softcapping",
                from.number("final_logit_softcapping").orElse(30));
        // Every other block, from the first on, sees a window.
        config.put("sliding_window", from.positive("attention.sliding_window").orElse(4096));
        layerTypes(from, config, layer -> layer % 2 == 0);
    }

    static void gemma3(Hyperparameters from, ObjectNode config) {
        gemma(from, config, 62);
        config.putNull("attn_logit_softcapping");
        config.putNull("final_logit_softcapping");
        from.number("final_logit_softcapping").ifPresent(cap -> config.put("final_logit_softcapping", cap));
        config.put("rope_local_base_freq", from.number("rope.freq_base_swa").orElse(10_000));
        OptionalInt window = from.positive("attention.sliding_window");
        window(from, config);
        layerTypes(from, config, layer -> window.isPresent() && slides(from, layer));
    }

    static void olmo2(Hyperparameters from, ObjectNode config) {
        llamaLike(from, config);
        if (from.natural("attention.sliding_window").orElse(0) > 0) {
            throw from.wrong("attention.sliding_window", "is set, as in OLMo 3, which is not supported");
        }
        config.put("hidden_act", "silu");
        config.put("attention_bias", false);
    }

    static void phi3(Hyperparameters from, ObjectNode config) {
        decoder(from, config);
        config.put("rms_norm_eps", from.requiredNumber("attention.layer_norm_rms_epsilon"));
        config.put("hidden_act", "silu");
        RopeRules.write(from, config);
        config.put("partial_rotary_factor", RopeRules.partialFactor(from));
        if (!config.has("original_max_position_embeddings")) {
            config.put("original_max_position_embeddings", from.requiredPositive("context_length"));
        }
        window(from, config);
    }

    static void smolLm3(Hyperparameters from, ObjectNode config) {
        llama(from, config);
        config.put("use_sliding_window", false);
        config.putNull("sliding_window");
        // Not in the file: llama.cpp turns no positions in every fourth block.
        config.put("no_rope_layer_interval", 4);
        ArrayNode rope = config.putArray("no_rope_layers");
        for (int i = 0; i < from.layers(); i++) {
            rope.add((i + 1) % 4 == 0 ? 0 : 1);
        }
    }

    static void granite(Hyperparameters from, ObjectNode config) {
        llama(from, config);
        // transformers has no head size of its own for Granite; 1 is what its multipliers are by default.
        config.remove("head_dim");
        config.put("embedding_multiplier", from.number("embedding_scale").orElse(1));
        config.put("residual_multiplier", from.number("residual_scale").orElse(1));
        config.put("attention_multiplier", from.number("attention.scale").orElse(1));
        config.put("logits_scaling", from.number("logit_scale").orElse(1));
    }

    static void starCoder2(Hyperparameters from, ObjectNode config) {
        decoder(from, config);
        RopeRules.requireWholeHeads(from);
        RopeRules.write(from, config);
        config.put("norm_epsilon", from.requiredNumber("attention.layer_norm_epsilon"));
        config.put("hidden_act", GELU_TANH);
        config.put("use_bias", allOrNone(from, "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"));
        window(from, config);
    }

    static void stableLm(Hyperparameters from, ObjectNode config) {
        decoder(from, config);
        RopeRules.write(from, config);
        config.put("layer_norm_eps", from.requiredNumber("attention.layer_norm_epsilon"));
        config.put("hidden_act", "silu");
        config.put("partial_rotary_factor", RopeRules.partialFactor(from));
        config.put("use_qkv_bias", allOrNone(from, "attn_q", "attn_k", "attn_v"));
        config.put("qk_layernorm", from.model().has("blk.0.attn_q_norm.weight"));
        // Where attention and MLP run side by side they share a norm; the flag of some files says otherwise.
        config.put("use_parallel_residual", !from.model().has("blk.0.ffn_norm.weight"));
    }

    static void gpt2(Hyperparameters from, ObjectNode config) {
        requireOneKeyPerQuery(from);
        config.put("n_positions", from.requiredPositive("context_length"));
        config.put("n_ctx", from.requiredPositive("context_length"));
        config.put("n_embd", from.hiddenSize());
        config.put("n_layer", from.layers());
        config.put("n_head", from.heads());
        config.put("n_inner", from.requiredPositive("feed_forward_length"));
        config.put("layer_norm_epsilon", from.requiredNumber("attention.layer_norm_epsilon"));
        config.put("activation_function", "gelu_new");
    }

    static void gptNeoX(Hyperparameters from, ObjectNode config) {
        requireOneKeyPerQuery(from);
        decoder(from, config);
        config.remove("num_key_value_heads");
        config.put("layer_norm_eps", from.requiredNumber("attention.layer_norm_epsilon"));
        config.put("hidden_act", "gelu");
        config.put("rotary_pct", RopeRules.partialFactor(from));
        config.put("rotary_emb_base", from.number("rope.freq_base").orElse(10_000));
        config.put("use_parallel_residual", from.flag("use_parallel_residual", true));
        config.put("attention_bias", allOrNone(from, "attn_qkv", "attn_output"));
    }

    private static void requireOneKeyPerQuery(Hyperparameters from) {
        if (from.keyValueHeads() != from.heads()) {
            throw from.wrong(
                    "attention.head_count_kv",
                    "is " + from.keyValueHeads() + "; this architecture has as many as query heads");
        }
    }

    /** What Llama and its relatives share. */
    private static void llamaLike(Hyperparameters from, ObjectNode config) {
        decoder(from, config);
        config.put("head_dim", from.headSize());
        config.put("rms_norm_eps", from.requiredNumber("attention.layer_norm_rms_epsilon"));
        RopeRules.requireWholeHeads(from);
        RopeRules.write(from, config);
    }

    private static void decoder(Hyperparameters from, ObjectNode config) {
        config.put("hidden_size", from.hiddenSize());
        config.put("intermediate_size", from.requiredPositive("feed_forward_length"));
        config.put("num_hidden_layers", from.layers());
        config.put("num_attention_heads", from.heads());
        config.put("num_key_value_heads", from.keyValueHeads());
        config.put("max_position_embeddings", from.requiredPositive("context_length"));
    }

    /**
     * @param largest the number of blocks of the one model that scales by the width per head instead of the head size
     *     (llama.cpp's rule)
     */
    private static void gemma(Hyperparameters from, ObjectNode config, int largest) {
        llamaLike(from, config);
        config.put("hidden_act", GELU_TANH);
        config.put("hidden_activation", GELU_TANH);
        config.put("attention_bias", false);
        config.put(
                "query_pre_attn_scalar", from.layers() == largest ? from.hiddenSize() / from.heads() : from.headSize());
    }

    /** Whether a block of Gemma 3 sees a window: from the list in the file, or all but every nth. */
    private static boolean slides(Hyperparameters from, int layer) {
        String key = from.full("attention.sliding_window_pattern");
        if (from.metadata().raw(key).orElse(null) instanceof List<?> flags) {
            if (flags.size() != from.layers() || !(flags.get(layer) instanceof Boolean flag)) {
                throw from.metadata()
                        .wrong(key, "is not a list of true or false for each of the " + from.layers() + " blocks");
            }
            return flag;
        }
        return (layer + 1) % from.metadata().positive(key).orElse(6) != 0;
    }

    private static void layerTypes(Hyperparameters from, ObjectNode config, IntPredicate slides) {
        ArrayNode types = config.putArray("layer_types");
        for (int i = 0; i < from.layers(); i++) {
            types.add(slides.test(i) ? "sliding_attention" : "full_attention");
        }
    }

    /** The window where the file has one; 0 means none. */
    private static void window(Hyperparameters from, ObjectNode config) {
        int window = from.natural("attention.sliding_window").orElse(0);
        if (window > 0) {
            config.put("sliding_window", window);
        } else {
            config.putNull("sliding_window");
        }
    }

    /** Whether the first block's maps have biases; transformers has one switch for all of them. */
    private static boolean allOrNone(Hyperparameters from, String... maps) {
        long biased = List.of(maps).stream()
                .filter(map -> from.model().has("blk.0." + map + ".bias"))
                .count();
        if (biased != 0 && biased != maps.length) {
            throw new UserError(from.model().file() + ": some of " + String.join(", ", maps)
                    + " have biases and some do not, which transformers' class of this architecture cannot hold.");
        }
        return biased != 0;
    }
}
