package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Parameters.Slot;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Which Hugging Face tensors lie in which slot of a model's {@link Parameters}.
 *
 * <p>Queries, keys and values share one slot, gate and up another, so that each pair of matrices is one product; a slot is its parts one below the other.
 */
final class WeightLayout {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String FINAL_NORM = "model.norm.weight";
    static final String VOCABULARY_HEAD = "lm_head.weight";
    static final String REWARD_HEAD = "score.weight";
    private static final Set<String> HEADS = Set.of(EMBEDDING, VOCABULARY_HEAD, REWARD_HEAD);

    /**
     * A Hugging Face tensor inside a slot.
     *
     * @param name its name in the file
     * @param rows how many rows of the slot it fills
     */
    private record Part(String name, long rows) {}

    private record Weight(Slot slot, List<Part> parts) {}

    private final List<Weight> weights = new ArrayList<>();

    private WeightLayout() {}

    /** The decoder's weights and the vocabulary head where it is not the embedding. */
    static WeightLayout causalLm(DecoderConfig config) {
        WeightLayout layout = decoder(config);
        if (!config.tiedHead()) {
            layout.single(VOCABULARY_HEAD, config.vocabSize(), config.hiddenSize());
        }
        return layout;
    }

    /** The decoder's weights alone: what an adapter of a reward model lies on, its head being the adapter's. */
    static WeightLayout backbone(DecoderConfig config) {
        return decoder(config);
    }

    /** The decoder's weights and the reward head [1, D]. */
    static WeightLayout rewardModel(DecoderConfig config) {
        WeightLayout layout = decoder(config);
        layout.single(REWARD_HEAD, 1, config.hiddenSize());
        return layout;
    }

    static String layer(int layer, String name) {
        return "model.layers." + layer + "." + name;
    }

    /**
     * A linear module of the decoder and where its weight lies.
     *
     * @param name its path in transformers, without {@code .weight}
     * @param slot that holds the weight
     * @param row the first of its rows in the slot
     * @param rows its outputs
     * @param columns its inputs
     */
    record LinearModule(String name, String slot, long row, long rows, long columns) {
        /** The last word of the path. */
        String shortName() {
            return name.substring(name.lastIndexOf('.') + 1);
        }
    }

    /** Every linear module but the heads, in the order of the model. */
    List<LinearModule> linearModules() {
        List<LinearModule> modules = new ArrayList<>();
        for (Weight weight : weights) {
            Slot slot = weight.slot();
            if (slot.shape().length == 2 && !HEADS.contains(slot.name())) {
                long row = 0;
                for (Part part : weight.parts()) {
                    modules.add(new LinearModule(module(part.name()), slot.name(), row, part.rows(), slot.shape()[1]));
                    row += part.rows();
                }
            }
        }
        return modules;
    }

    /** The slots that are one tensor of transformers each, so that an adapter may hold its own in its place. */
    List<Slot> wholeSlots() {
        return weights.stream()
                .filter(w -> w.parts().size() == 1)
                .map(Weight::slot)
                .toList();
    }

    List<Slot> slots() {
        return weights.stream().map(Weight::slot).toList();
    }

    /** The module of a weight or bias. */
    static String module(String weight) {
        return weight.substring(0, weight.lastIndexOf('.'));
    }

    private static WeightLayout decoder(DecoderConfig c) {
        WeightLayout layout = new WeightLayout();
        long d = c.hiddenSize();
        layout.single(EMBEDDING, c.vocabSize(), d);
        for (int i = 0; i < c.layers(); i++) {
            layout.single(layer(i, "input_layernorm.weight"), d);
            layout.attention(c, layer(i, "self_attn."));
            layout.single(layer(i, "post_attention_layernorm.weight"), d);
            layout.mlp(c, layer(i, "mlp."));
        }
        layout.single(FINAL_NORM, d);
        return layout;
    }

    private void attention(DecoderConfig c, String prefix) {
        long q = (long) c.heads() * c.headDim();
        long kv = (long) c.kvHeads() * c.headDim();
        List<String> names = List.of("q_proj.", "k_proj.", "v_proj.");
        fused(prefix, "qkv_proj.weight", names, new long[] {q, kv, kv}, c.hiddenSize());
        if (c.biases().qkv()) {
            fused(prefix, "qkv_proj.bias", names, new long[] {q, kv, kv});
        }
        if (c.headNorms()) {
            single(prefix + "q_norm.weight", c.headDim());
            single(prefix + "k_norm.weight", c.headDim());
        }
        single(prefix + "o_proj.weight", c.hiddenSize(), q);
        if (c.biases().output()) {
            single(prefix + "o_proj.bias", c.hiddenSize());
        }
    }

    private void mlp(DecoderConfig c, String prefix) {
        long f = c.intermediateSize();
        List<String> names = List.of("gate_proj.", "up_proj.");
        fused(prefix, "gate_up_proj.weight", names, new long[] {f, f}, c.hiddenSize());
        single(prefix + "down_proj.weight", c.hiddenSize(), f);
        if (c.biases().mlp()) {
            fused(prefix, "gate_up_proj.bias", names, new long[] {f, f});
            single(prefix + "down_proj.bias", c.hiddenSize());
        }
    }

    private void single(String name, long... shape) {
        weights.add(new Weight(new Slot(name, shape), List.of(new Part(name, shape[0]))));
    }

    /** One slot made of the tensors PREFIX + names[i] + kind, where kind is the last word of {@code slot}. */
    private void fused(String prefix, String slot, List<String> names, long[] rows, long... columns) {
        String kind = slot.substring(slot.indexOf('.') + 1);
        List<Part> parts = new ArrayList<>();
        long total = 0;
        for (int i = 0; i < rows.length; i++) {
            parts.add(new Part(prefix + names.get(i) + kind, rows[i]));
            total += rows[i];
        }
        weights.add(new Weight(new Slot(prefix + slot, withRows(total, columns)), parts));
    }

    private static long[] withRows(long rows, long... columns) {
        return columns.length == 0 ? new long[] {rows} : new long[] {rows, columns[0]};
    }

    /**
     * Reads every slot.
     *
     * @throws UserError naming the tensor that is missing, has the wrong shape, or has no place in this architecture
     */
    Parameters load(WeightFiles files, Device device) {
        return loadWithout(Set.of(), files, device);
    }

    /** Reads every slot but those in {@code zero}. */
    Parameters loadWithout(Set<String> zero, WeightFiles files, Device device) {
        // A checkpoint of the bare decoder has the same names without their first word.
        String stripped = files.has(EMBEDDING) ? "" : "model.";
        Set<String> expected = new HashSet<>();
        List<Weight> read =
                weights.stream().filter(w -> !zero.contains(w.slot().name())).toList();
        for (Weight weight : read) {
            for (Part part : weight.parts()) {
                String name = inFile(part.name(), stripped);
                files.require(name, shape(weight, part.rows()));
                expected.add(name);
            }
        }
        rejectStrangers(files, expected);
        // Shapes were checked against the files' sizes, so a corrupt configuration cannot ask for more memory than
        // there is data.
        Parameters parameters =
                new Parameters(weights.stream().map(Weight::slot).toList(), device);
        for (Weight weight : read) {
            forEachPart(parameters, weight, (part, view) -> files.read(inFile(part.name(), stripped), view));
        }
        return parameters;
    }

    /** {@code |now - stored| / |stored|} in the 2-norm over all weights; reads one tensor at a time. */
    double relativeChange(Parameters now, WeightFiles files) {
        String stripped = files.has(EMBEDDING) ? "" : "model.";
        RelativeChange change = new RelativeChange();
        for (Weight weight : weights) {
            forEachPart(now, weight, (part, view) -> {
                Tensor stored =
                        torch.empty_like(view, Device.CPU.options(ScalarType.Float), new MemoryFormatOptional());
                files.read(inFile(part.name(), stripped), stored);
                change.add(view.cpu(), stored);
            });
        }
        return change.value();
    }

    /** New weights: vectors one (norms) or zero (biases), matrices normal with standard deviation {@code 1 / sqrt(columns)}. */
    Parameters untrained(Device device, Seeds seeds) {
        Parameters parameters =
                new Parameters(weights.stream().map(Weight::slot).toList(), device);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int i = 0; i < weights.size(); i++) {
                Slot slot = weights.get(i).slot();
                Tensor weight = parameters.get(slot.name());
                if (slot.shape().length == 2) {
                    double std = 1 / Math.sqrt(slot.shape()[1]);
                    long key = seeds.key(Seeds.Stream.MODEL_INITIALISATION, i, 0, 0);
                    double[] values = new double[Math.toIntExact(slot.elements())];
                    Arrays.setAll(values, j -> std * Seeds.normal(key, j));
                    weight.copy_(Tensors.ofDoubles(values, device, slot.shape()));
                } else {
                    weight.fill_(Tensors.scalar(slot.name().endsWith(".bias") ? 0 : 1));
                }
            }
        }
        return parameters;
    }

    /** The weights under their Hugging Face names: views that belong to the caller's scope. */
    Map<String, Tensor> tensors(Parameters parameters) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Weight weight : weights) {
            long at = 0;
            Tensor whole = parameters.get(weight.slot().name()).detach();
            for (Part part : weight.parts()) {
                tensors.put(part.name(), whole.narrow(0, at, part.rows()));
                at += part.rows();
            }
        }
        return tensors;
    }

    private static String inFile(String name, String stripped) {
        return name.startsWith(stripped) ? name.substring(stripped.length()) : name;
    }

    private static List<Long> shape(Weight weight, long rows) {
        long[] whole = weight.slot().shape();
        return whole.length == 1 ? List.of(rows) : List.of(rows, whole[1]);
    }

    private static void forEachPart(Parameters parameters, Weight weight, PartConsumer consumer) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor whole = parameters.get(weight.slot().name()).detach();
            long at = 0;
            for (Part part : weight.parts()) {
                consumer.accept(part, whole.narrow(0, at, part.rows()));
                at += part.rows();
            }
        }
    }

    /** A weight that would be dropped in silence (a bias that config.json denies, a layer too many) means another function than the author's. */
    private static void rejectStrangers(WeightFiles files, Set<String> expected) {
        for (String name : files.names()) {
            boolean known = expected.contains(name)
                    || name.equals(VOCABULARY_HEAD)
                    || name.equals(REWARD_HEAD)
                    // A buffer of old Llama checkpoints that follows from the configuration.
                    || name.endsWith(".rotary_emb.inv_freq");
            if (!known) {
                throw new UserError(files.directory() + ": the weight " + name
                        + " has no place in the model that config.json describes; they do not belong together.");
            }
        }
    }

    private interface PartConsumer {
        void accept(Part part, Tensor view);
    }
}
