package dev.flipside.gguf;

import static dev.flipside.gguf.TensorRule.Layout.HEAD_BY_HEAD;
import static dev.flipside.gguf.TensorRule.Layout.LESS_ONE;
import static dev.flipside.gguf.TensorRule.Layout.ROTARY;
import static dev.flipside.gguf.TensorRule.Layout.STACKED;
import static dev.flipside.gguf.TensorRule.Layout.TRANSPOSED;
import static dev.flipside.gguf.TensorRule.Presence.NEVER;
import static dev.flipside.gguf.TensorRule.Presence.OPTIONAL;
import static dev.flipside.gguf.TensorRule.Presence.REQUIRED;
import static dev.flipside.gguf.TensorRule.Size.EXPERTS;
import static dev.flipside.gguf.TensorRule.Size.EXPERT_FEED_FORWARD;
import static dev.flipside.gguf.TensorRule.Size.FEED_FORWARD;
import static dev.flipside.gguf.TensorRule.Size.GATE_AND_UP;
import static dev.flipside.gguf.TensorRule.Size.HEAD;
import static dev.flipside.gguf.TensorRule.Size.HEADS;
import static dev.flipside.gguf.TensorRule.Size.HIDDEN;
import static dev.flipside.gguf.TensorRule.Size.KEYS;
import static dev.flipside.gguf.TensorRule.Size.KEY_HEADS;
import static dev.flipside.gguf.TensorRule.Size.POSITIONS;
import static dev.flipside.gguf.TensorRule.Size.QUERIES;
import static dev.flipside.gguf.TensorRule.Size.QUERIES_KEYS_VALUES;
import static dev.flipside.gguf.TensorRule.Size.VOCABULARY;

import dev.flipside.gguf.TensorRule.Layout;
import dev.flipside.gguf.TensorRule.Presence;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tensors of each architecture. GGUF's names are those of gguf-py's constants; which rows are reordered and which
 * norms are shifted is what llama.cpp's converter does (conversion/*.py), undone.
 */
final class TensorTables {
    private static final String LAYER = "model.layers.{i}.";

    private TensorTables() {}

    /** Llama and what is built like it: rotary rows, optional biases. */
    static List<TensorRule> llama() {
        return rules(ends(), attentionNorms(), attention(ROTARY, OPTIONAL, OPTIONAL), gatedMlp(OPTIONAL));
    }

    /** Mixtral: Llama's attention and experts. */
    static List<TensorRule> mixtral() {
        String experts = LAYER + "block_sparse_moe.";
        return rules(
                ends(),
                attentionNorms(),
                attention(ROTARY, NEVER, NEVER),
                experts(experts + "gate", experts + "experts.{e}.", List.of("w1", "w2", "w3"), FEED_FORWARD));
    }

    static List<TensorRule> qwen2() {
        return rules(ends(), attentionNorms(), attention(Layout.AS_STORED, REQUIRED, NEVER), gatedMlp(NEVER));
    }

    static List<TensorRule> qwen3() {
        return rules(
                ends(),
                attentionNorms(),
                attention(Layout.AS_STORED, OPTIONAL, OPTIONAL),
                headNorms(HEAD, HEAD),
                gatedMlp(NEVER));
    }

    static List<TensorRule> qwen3Moe() {
        return rules(
                ends(),
                attentionNorms(),
                attention(Layout.AS_STORED, OPTIONAL, OPTIONAL),
                headNorms(HEAD, HEAD),
                experts(
                        LAYER + "mlp.gate",
                        LAYER + "mlp.experts.{e}.",
                        List.of("gate_proj", "down_proj", "up_proj"),
                        EXPERT_FEED_FORWARD));
    }

    static List<TensorRule> gemma2() {
        return lessOne(rules(ends(), sandwichNorms(), attention(Layout.AS_STORED, NEVER, NEVER), gatedMlp(NEVER)));
    }

    static List<TensorRule> gemma3() {
        return lessOne(rules(
                ends(),
                sandwichNorms(),
                attention(Layout.AS_STORED, NEVER, NEVER),
                headNorms(HEAD, HEAD),
                gatedMlp(NEVER)));
    }

    /** OLMo 2 normalises the output of each half of a block, and queries and keys over all heads. */
    static List<TensorRule> olmo2() {
        return rules(
                ends(),
                Stream.of(
                        TensorRule.of("blk.{i}.post_attention_norm", LAYER + "post_attention_layernorm", HIDDEN),
                        TensorRule.of("blk.{i}.post_ffw_norm", LAYER + "post_feedforward_layernorm", HIDDEN)),
                attention(Layout.AS_STORED, NEVER, NEVER),
                headNorms(QUERIES, KEYS),
                gatedMlp(NEVER));
    }

    static List<TensorRule> phi3() {
        return rules(
                ends(),
                attentionNorms(),
                Stream.of(
                        TensorRule.of("blk.{i}.attn_qkv", LAYER + "self_attn.qkv_proj", QUERIES_KEYS_VALUES, HIDDEN),
                        TensorRule.of("blk.{i}.attn_output", LAYER + "self_attn.o_proj", HIDDEN, QUERIES),
                        TensorRule.of("blk.{i}.ffn_up", LAYER + "mlp.gate_up_proj", GATE_AND_UP, HIDDEN),
                        TensorRule.of("blk.{i}.ffn_down", LAYER + "mlp.down_proj", HIDDEN, FEED_FORWARD)));
    }

    static List<TensorRule> starCoder2() {
        return biased(rules(
                ends(),
                attentionNorms(),
                attention(Layout.AS_STORED, OPTIONAL, OPTIONAL),
                Stream.of(
                        TensorRule.of("blk.{i}.ffn_up", LAYER + "mlp.c_fc", FEED_FORWARD, HIDDEN)
                                .biased(OPTIONAL),
                        TensorRule.of("blk.{i}.ffn_down", LAYER + "mlp.c_proj", HIDDEN, FEED_FORWARD)
                                .biased(OPTIONAL))));
    }

    static List<TensorRule> stableLm() {
        return biased(rules(
                ends(),
                Stream.of(
                        TensorRule.of("blk.{i}.attn_norm", LAYER + "input_layernorm", HIDDEN),
                        // Missing where attention and MLP run side by side.
                        TensorRule.of("blk.{i}.ffn_norm", LAYER + "post_attention_layernorm", HIDDEN)
                                .optional(),
                        TensorRule.of("blk.{i}.attn_q_norm", LAYER + "self_attn.q_layernorm.norms.{e}", HEADS, HEAD)
                                .laidOut(STACKED)
                                .optional(),
                        TensorRule.of("blk.{i}.attn_k_norm", LAYER + "self_attn.k_layernorm.norms.{e}", KEY_HEADS, HEAD)
                                .laidOut(STACKED)
                                .optional()),
                attention(Layout.AS_STORED, OPTIONAL, NEVER),
                gatedMlp(NEVER)));
    }

    static List<TensorRule> gpt2() {
        String block = "transformer.h.{i}.";
        return biased(rules(Stream.of(
                TensorRule.of("token_embd", "transformer.wte", VOCABULARY, HIDDEN),
                TensorRule.of("position_embd", "transformer.wpe", POSITIONS, HIDDEN),
                TensorRule.of("output_norm", "transformer.ln_f", HIDDEN),
                TensorRule.of("output", "lm_head", VOCABULARY, HIDDEN).optional(),
                TensorRule.of("blk.{i}.attn_norm", block + "ln_1", HIDDEN),
                TensorRule.of("blk.{i}.ffn_norm", block + "ln_2", HIDDEN),
                conv1d("attn_qkv", block + "attn.c_attn", QUERIES_KEYS_VALUES, HIDDEN),
                conv1d("attn_output", block + "attn.c_proj", HIDDEN, HIDDEN),
                conv1d("ffn_up", block + "mlp.c_fc", FEED_FORWARD, HIDDEN),
                conv1d("ffn_down", block + "mlp.c_proj", HIDDEN, FEED_FORWARD))));
    }

    static List<TensorRule> gptNeoX() {
        String block = "gpt_neox.layers.{i}.";
        return biased(rules(Stream.of(
                TensorRule.of("token_embd", "gpt_neox.embed_in", VOCABULARY, HIDDEN),
                TensorRule.of("output_norm", "gpt_neox.final_layer_norm", HIDDEN),
                TensorRule.of("output", "embed_out", VOCABULARY, HIDDEN).optional(),
                TensorRule.of("blk.{i}.attn_norm", block + "input_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.ffn_norm", block + "post_attention_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.attn_qkv", block + "attention.query_key_value", QUERIES_KEYS_VALUES, HIDDEN)
                        .laidOut(HEAD_BY_HEAD)
                        .biased(OPTIONAL),
                TensorRule.of("blk.{i}.attn_output", block + "attention.dense", HIDDEN, QUERIES)
                        .biased(OPTIONAL),
                TensorRule.of("blk.{i}.ffn_up", block + "mlp.dense_h_to_4h", FEED_FORWARD, HIDDEN)
                        .biased(REQUIRED),
                TensorRule.of("blk.{i}.ffn_down", block + "mlp.dense_4h_to_h", HIDDEN, FEED_FORWARD)
                        .biased(REQUIRED))));
    }

    @SafeVarargs
    private static List<TensorRule> rules(Stream<TensorRule>... parts) {
        return Stream.of(parts).flatMap(part -> part).toList();
    }

    /** Embedding, last norm and vocabulary head; a model without the last shares the first. */
    private static Stream<TensorRule> ends() {
        return Stream.of(
                TensorRule.of("token_embd", "model.embed_tokens", VOCABULARY, HIDDEN),
                TensorRule.of("output_norm", "model.norm", HIDDEN),
                TensorRule.of("output", "lm_head", VOCABULARY, HIDDEN).optional());
    }

    private static Stream<TensorRule> attentionNorms() {
        return Stream.of(
                TensorRule.of("blk.{i}.attn_norm", LAYER + "input_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.ffn_norm", LAYER + "post_attention_layernorm", HIDDEN));
    }

    /** Norms before and after each half of a block. */
    private static Stream<TensorRule> sandwichNorms() {
        return Stream.of(
                TensorRule.of("blk.{i}.attn_norm", LAYER + "input_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.post_attention_norm", LAYER + "post_attention_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.ffn_norm", LAYER + "pre_feedforward_layernorm", HIDDEN),
                TensorRule.of("blk.{i}.post_ffw_norm", LAYER + "post_feedforward_layernorm", HIDDEN));
    }

    private static Stream<TensorRule> headNorms(TensorRule.Size query, TensorRule.Size key) {
        return Stream.of(
                TensorRule.of("blk.{i}.attn_q_norm", LAYER + "self_attn.q_norm", query),
                TensorRule.of("blk.{i}.attn_k_norm", LAYER + "self_attn.k_norm", key));
    }

    private static Stream<TensorRule> attention(Layout rotary, Presence biases, Presence outputBias) {
        return Stream.of(
                TensorRule.of("blk.{i}.attn_q", LAYER + "self_attn.q_proj", QUERIES, HIDDEN)
                        .laidOut(rotary)
                        .biased(biases),
                TensorRule.of("blk.{i}.attn_k", LAYER + "self_attn.k_proj", KEYS, HIDDEN)
                        .laidOut(rotary)
                        .biased(biases),
                TensorRule.of("blk.{i}.attn_v", LAYER + "self_attn.v_proj", KEYS, HIDDEN)
                        .biased(biases),
                TensorRule.of("blk.{i}.attn_output", LAYER + "self_attn.o_proj", HIDDEN, QUERIES)
                        .biased(outputBias));
    }

    private static Stream<TensorRule> gatedMlp(Presence bias) {
        return Stream.of(
                TensorRule.of("blk.{i}.ffn_gate", LAYER + "mlp.gate_proj", FEED_FORWARD, HIDDEN)
                        .biased(bias),
                TensorRule.of("blk.{i}.ffn_up", LAYER + "mlp.up_proj", FEED_FORWARD, HIDDEN)
                        .biased(bias),
                TensorRule.of("blk.{i}.ffn_down", LAYER + "mlp.down_proj", HIDDEN, FEED_FORWARD)
                        .biased(bias));
    }

    /** @param names of an expert's gate, down and up projection */
    private static Stream<TensorRule> experts(String router, String expert, List<String> names, TensorRule.Size width) {
        return Stream.of(
                TensorRule.of("blk.{i}.ffn_gate_inp", router, EXPERTS, HIDDEN),
                TensorRule.of("blk.{i}.ffn_gate_exps", expert + names.get(0), EXPERTS, width, HIDDEN)
                        .laidOut(STACKED),
                TensorRule.of("blk.{i}.ffn_down_exps", expert + names.get(1), EXPERTS, HIDDEN, width)
                        .laidOut(STACKED),
                TensorRule.of("blk.{i}.ffn_up_exps", expert + names.get(2), EXPERTS, width, HIDDEN)
                        .laidOut(STACKED));
    }

    private static TensorRule conv1d(String gguf, String huggingFace, TensorRule.Size... shape) {
        return TensorRule.of("blk.{i}." + gguf, huggingFace, shape)
                .laidOut(TRANSPOSED)
                .biased(REQUIRED);
    }

    private static boolean norm(TensorRule rule) {
        return rule.gguf().endsWith("_norm");
    }

    /** Gemma's norms multiply by one more than their weight, and GGUF has added the one. */
    private static List<TensorRule> lessOne(List<TensorRule> rules) {
        return rules.stream().map(r -> norm(r) ? r.laidOut(LESS_ONE) : r).toList();
    }

    /** LayerNorm instead of RMSNorm: norms with biases, those of single heads without. */
    private static List<TensorRule> biased(List<TensorRule> rules) {
        return rules.stream()
                .map(r -> norm(r) && r.layout() != STACKED ? r.biased(REQUIRED) : r)
                .toList();
    }
}
