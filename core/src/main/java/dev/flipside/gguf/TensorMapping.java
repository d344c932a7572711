package dev.flipside.gguf;

import dev.flipside.config.UserError;
import dev.flipside.gguf.TensorRule.Layout;
import dev.flipside.gguf.TensorRule.Presence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which tensors of transformers a model's tensors are, after a look that all are there, none is strange and every shape
 * is that of the metadata.
 */
final class TensorMapping {
    private static final Pattern NAME = Pattern.compile("(?:blk\\.(0|[1-9]\\d{0,6})\\.)?(.+)\\.(weight|bias)");

    /** What {@link RopeRules} reads for config.json, and frequencies that follow from it. */
    private static final Set<String> NOT_WEIGHTS =
            Set.of("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight");

    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";
    private static final int COMPARED_BYTES = 1 << 20;

    private final GgufModel model;
    private final Architecture architecture;
    private final Hyperparameters sizes;
    private final Map<String, TensorRule> rules = new HashMap<>();
    private final boolean tiedHead;

    TensorMapping(Architecture architecture, Hyperparameters sizes) {
        this.model = sizes.model();
        this.architecture = architecture;
        this.sizes = sizes;
        architecture.tensors().forEach(rule -> rules.put(rule.gguf(), rule));
        tiedHead = !model.has(HEAD) || headIsEmbedding();
    }

    /**
     * Whether the vocabulary head is the embedding: it is not in the file, or is there once more as the same bytes, as
     * old converters wrote it.
     */
    boolean tiedHead() {
        return tiedHead;
    }

    private boolean headIsEmbedding() {
        GgufTensor embedding = model.requiredTensor(EMBEDDING);
        GgufTensor head = model.requiredTensor(HEAD);
        if (!head.file().equals(embedding.file())) {
            return false;
        }
        try (TensorReader reader = new TensorReader(head.file())) {
            return reader.same(embedding, head, COMPARED_BYTES);
        }
    }

    /**
     * The tensors of transformers, in the order of the file.
     *
     * @throws UserError naming a tensor that is missing, unknown or of another shape
     */
    List<HuggingFaceTensor> tensors() {
        requireAll();
        List<HuggingFaceTensor> tensors = new ArrayList<>();
        for (GgufTensor tensor : model.tensors()) {
            boolean copy = tensor.name().equals(HEAD) && tiedHead;
            if (!NOT_WEIGHTS.contains(tensor.name()) && !copy) {
                tensors.addAll(map(tensor));
            }
        }
        return Collections.unmodifiableList(tensors);
    }

    private void requireAll() {
        for (TensorRule rule : architecture.tensors()) {
            for (int block = 0; block < (rule.inBlocks() ? sizes.layers() : 1); block++) {
                String name = rule.gguf().replace("{i}", Integer.toString(block));
                boolean there = model.has(name + ".weight");
                if (!there && (rule.presence() == Presence.REQUIRED || inFirstBlock(rule, ".weight"))) {
                    model.requiredTensor(name + ".weight");
                }
                if (there && (rule.bias() == Presence.REQUIRED || inFirstBlock(rule, ".bias"))) {
                    model.requiredTensor(name + ".bias");
                }
            }
        }
    }

    /** What the first block has, all have: config.json has one switch for them together. */
    private boolean inFirstBlock(TensorRule rule, String suffix) {
        return rule.inBlocks() && model.has(rule.gguf().replace("{i}", "0") + suffix);
    }

    private List<HuggingFaceTensor> map(GgufTensor tensor) {
        Matcher name = NAME.matcher(tensor.name());
        if (!name.matches()) {
            throw unknown(tensor);
        }
        String block = name.group(1);
        boolean bias = name.group(3).equals("bias");
        TensorRule rule = rules.get((block == null ? "" : "blk.{i}.") + name.group(2));
        if (rule == null
                || (block != null && Integer.parseInt(block) >= sizes.layers())
                || (bias && rule.bias() == Presence.NEVER)
                || (bias && rule.inBlocks() && !inFirstBlock(rule, ".bias"))
                || (!bias && rule.inBlocks() && !inFirstBlock(rule, ".weight"))) {
            throw unknown(tensor);
        }
        List<Long> stored = rule.shape().stream().map(sizes::size).toList();
        List<Long> wanted = bias ? stored.subList(0, 1) : stored;
        if (!tensor.shape().equals(wanted)) {
            throw new UserError(tensor.file() + ": the tensor " + tensor.name() + " has the shape " + tensor.shape()
                    + " and the metadata asks for " + wanted + "; the file is damaged, copy or download it again.");
        }
        String huggingFace = rule.huggingFace().replace("{i}", block == null ? "" : block) + "." + name.group(3);
        return made(tensor, rule.layout(), huggingFace);
    }

    private static List<HuggingFaceTensor> made(GgufTensor tensor, Layout layout, String name) {
        List<Long> shape = tensor.shape();
        if (layout == Layout.STACKED) {
            List<HuggingFaceTensor> parts = new ArrayList<>();
            for (int e = 0; e < shape.get(0); e++) {
                String part = name.replace("{e}", Integer.toString(e));
                parts.add(new HuggingFaceTensor(part, shape.subList(1, shape.size()), tensor, layout, e));
            }
            return parts;
        }
        if (layout == Layout.TRANSPOSED && shape.size() == 2) {
            return List.of(new HuggingFaceTensor(name, List.of(shape.get(1), shape.get(0)), tensor, layout, 0));
        }
        Layout other = layout == Layout.TRANSPOSED ? Layout.AS_STORED : layout;
        return List.of(new HuggingFaceTensor(name, shape, tensor, other, 0));
    }

    private UserError unknown(GgufTensor tensor) {
        return new UserError(tensor.file() + ": the tensor " + tensor.name() + " has no place in a "
                + architecture.ggufName() + " model of " + sizes.layers()
                + " blocks; it is damaged or of a variant that is not supported.");
    }
}
