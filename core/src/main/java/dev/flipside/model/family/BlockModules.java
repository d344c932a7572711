package dev.flipside.model.family;

/**
 * The parts of a block by the names that slots of weights have for them, whatever the family; {@link TensorNames} says
 * what a family's files call them.
 */
public final class BlockModules {
    public static final String ATTENTION_NORM = "input_layernorm";
    public static final String QKV = "self_attn.qkv_proj";
    public static final String QUERY_NORM = "self_attn.q_norm";
    public static final String KEY_NORM = "self_attn.k_norm";
    public static final String OUTPUT = "self_attn.o_proj";
    public static final String ATTENTION_OUTPUT_NORM = "self_attn.output_norm";
    public static final String MLP_NORM = "post_attention_layernorm";
    public static final String GATE_UP = "mlp.gate_up_proj";
    /** Of an MLP without a gate. */
    public static final String UP = "mlp.up_proj";

    public static final String DOWN = "mlp.down_proj";
    public static final String MLP_OUTPUT_NORM = "mlp.output_norm";
    public static final String ROUTER = "mlp.router";
    /** See {@link #ofExpert}. */
    public static final String GATE_UP_OF_EXPERT = "mlp.experts.%d.gate_up_proj";

    /** See {@link #ofExpert}. */
    public static final String DOWN_OF_EXPERT = "mlp.experts.%d.down_proj";

    private BlockModules() {}

    /** One of the modules of experts by its number. */
    public static String ofExpert(String module, int expert) {
        return module.replace("%d", String.valueOf(expert));
    }

    /** Whether a slot is the MLP's, or in its place the router's or an expert's. */
    public static boolean ofMlp(String slot) {
        return slot.contains(".mlp.");
    }
}
