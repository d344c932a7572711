package dev.flipside.model.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What transformers calls the tensors of a family, and how they lie in its files. Slots keep the names that
 * {@link BlockModules} uses, whatever the family.
 *
 * @param decoder what the names of the decoder's tensors start with; files of a bare decoder lack it
 * @param embedding of tokens, after {@code decoder}
 * @param positions the embedding of positions, in families that learn one
 * @param layers what the names of blocks start with, after {@code decoder}, before their number
 * @param finalNorm after {@code decoder}
 * @param head the vocabulary head
 * @param modules of a block, by the name that {@link BlockModules} has for them
 * @param aliases what older or newer releases called a tensor: from the name in the file to the name here
 * @param buffers endings of tensors in old files that follow from the configuration
 */
public record TensorNames(
        String decoder,
        String embedding,
        String positions,
        String layers,
        String finalNorm,
        String head,
        Map<String, Module> modules,
        Map<String, String> aliases,
        List<String> buffers) {

    /**
     * The tensors, without {@code .weight} and {@code .bias}, that lie one below the other in a slot. {@code %d} stands
     * for the number of an expert or head.
     */
    public record Module(TensorForm form, List<String> names) {}

    static final TensorNames LLAMA = new TensorNames(
                    "model.",
                    "embed_tokens",
                    "",
                    "layers.",
                    "norm",
                    "lm_head",
                    Map.of(),
                    Map.of(),
                    List.of(".rotary_emb.inv_freq"))
            .with(BlockModules.ATTENTION_NORM, "input_layernorm")
            .with(BlockModules.QKV, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
            .with(BlockModules.QUERY_NORM, "self_attn.q_norm")
            .with(BlockModules.KEY_NORM, "self_attn.k_norm")
            .with(BlockModules.OUTPUT, "self_attn.o_proj")
            .with(BlockModules.MLP_NORM, "post_attention_layernorm")
            .with(BlockModules.GATE_UP, "mlp.gate_proj", "mlp.up_proj")
            .with(BlockModules.UP, "mlp.up_proj")
            .with(BlockModules.DOWN, "mlp.down_proj");

    /** Copies the maps and the list. */
    public TensorNames(
            String decoder,
            String embedding,
            String positions,
            String layers,
            String finalNorm,
            String head,
            Map<String, Module> modules,
            Map<String, String> aliases,
            List<String> buffers) {
        this.decoder = decoder;
        this.embedding = embedding;
        this.positions = positions;
        this.layers = layers;
        this.finalNorm = finalNorm;
        this.head = head;
        this.modules = Map.copyOf(modules);
        this.aliases = Map.copyOf(aliases);
        this.buffers = List.copyOf(buffers);
    }

    /** The same family with other tensors for one module of its blocks. */
    TensorNames with(String module, String... names) {
        return with(module, TensorForm.ROWS, names);
    }

    TensorNames with(String module, TensorForm form, String... names) {
        Map<String, Module> more = new HashMap<>(modules);
        more.put(module, new Module(form, List.of(names)));
        return new TensorNames(decoder, embedding, positions, layers, finalNorm, head, more, aliases, buffers);
    }

    /** The same modules with other names around them. */
    TensorNames around(String newDecoder, String newEmbedding, String newLayers, String newFinalNorm, String newHead) {
        return new TensorNames(
                newDecoder, newEmbedding, positions, newLayers, newFinalNorm, newHead, modules, aliases, buffers);
    }

    TensorNames withPositions(String name) {
        return new TensorNames(decoder, embedding, name, layers, finalNorm, head, modules, aliases, buffers);
    }

    TensorNames withAlias(String inFile, String here) {
        Map<String, String> more = new HashMap<>(aliases);
        more.put(inFile, here);
        return new TensorNames(decoder, embedding, positions, layers, finalNorm, head, modules, more, buffers);
    }

    TensorNames withBuffers(String... endings) {
        List<String> more = new ArrayList<>(buffers);
        more.addAll(List.of(endings));
        return new TensorNames(decoder, embedding, positions, layers, finalNorm, head, modules, aliases, more);
    }

    /** The tensor with the embedding of tokens, [V, D]. */
    public String embeddingWeight() {
        return decoder + embedding + ".weight";
    }

    /** The tensor with the vocabulary head, [V, D]; of a tied head it may be missing in a file. */
    public String headWeight() {
        return head + ".weight";
    }

    /**
     * The tensors of a block's module, one below the other in its slot.
     *
     * @param layer from 0
     * @param module one of {@link BlockModules} that the family has
     * @param kind "weight" or "bias"
     */
    public List<String> tensors(int layer, String module, String kind) {
        String prefix = decoder + layers + layer + ".";
        return modules.get(module).names().stream()
                .map(name -> prefix + name + "." + kind)
                .toList();
    }

    /**
     * The tensors of one expert's or head's module.
     *
     * @param number of the expert or head, from 0
     */
    public List<String> tensors(int layer, String module, int number, String kind) {
        String prefix = decoder + layers + layer + ".";
        return modules.get(module).names().stream()
                .map(name -> prefix + name.replace("%d", String.valueOf(number)) + "." + kind)
                .toList();
    }

    /** How the rows of a block's module lie in its tensors. */
    public TensorForm form(String module) {
        return modules.get(module).form();
    }
}
