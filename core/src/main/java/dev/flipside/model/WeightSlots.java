package dev.flipside.model;

import dev.flipside.engine.ParameterSlot;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.DecoderConfig.Experts;
import dev.flipside.model.family.DecoderConfig.HeadNorms;
import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.DecoderConfig.Placement;
import dev.flipside.model.family.DecoderConfig.Residual;
import dev.flipside.model.family.TensorForm;
import dev.flipside.model.family.TensorNames;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Collects the slots of a model, in its order, and the tensors that fill each of them. */
final class WeightSlots {
    /**
     * A Hugging Face tensor inside a slot.
     *
     * @param name its name in the file
     * @param rows how many rows of the slot it fills
     */
    record Part(String name, long rows) {}

    /** @param form how each part lies in its file */
    record Weight(ParameterSlot slot, List<Part> parts, TensorForm form) {}

    private final DecoderConfig config;
    private final TensorNames names;
    private final List<Weight> weights = new ArrayList<>();

    WeightSlots(DecoderConfig config, TensorNames names) {
        this.config = config;
        this.names = names;
    }

    List<Weight> weights() {
        return List.copyOf(weights);
    }

    /** The embedding, the blocks and the final norm. */
    WeightSlots decoder() {
        DecoderConfig c = config;
        single(WeightLayout.EMBEDDING, names.embeddingWeight(), c.vocabSize(), c.hiddenSize());
        if (c.positions().learned()) {
            String name = names.decoder() + names.positions() + ".weight";
            single(WeightLayout.POSITIONS, name, c.maxPositionEmbeddings(), c.hiddenSize());
        }
        for (int i = 0; i < c.layers(); i++) {
            norm(i, BlockModules.ATTENTION_NORM, c.block().placement() != Placement.AFTER);
            attention(i);
            norm(i, BlockModules.ATTENTION_OUTPUT_NORM, c.block().placement() != Placement.BEFORE);
            boolean ownNorm = c.block().residual() != Residual.PARALLEL_ONE_NORM;
            norm(i, BlockModules.MLP_NORM, ownNorm && c.block().placement() != Placement.AFTER);
            mlp(i);
            norm(i, BlockModules.MLP_OUTPUT_NORM, c.block().placement() != Placement.BEFORE);
        }
        String finalNorm = names.decoder() + names.finalNorm();
        single(WeightLayout.FINAL_NORM, finalNorm + ".weight", c.hiddenSize());
        if (c.block().norm().kind() == NormKind.LAYER) {
            single(WeightLayout.FINAL_NORM_BIAS, finalNorm + ".bias", c.hiddenSize());
        }
        return this;
    }

    private void norm(int layer, String module, boolean present) {
        if (present) {
            vector(layer, module, "weight", config.hiddenSize());
        }
        if (present && config.block().norm().kind() == NormKind.LAYER) {
            vector(layer, module, "bias", config.hiddenSize());
        }
    }

    private void attention(int layer) {
        long q = (long) config.heads() * config.headDim();
        long kv = (long) config.kvHeads() * config.headDim();
        linear(layer, BlockModules.QKV, config.biases().qkv(), config.hiddenSize(), q, kv, kv);
        if (config.attention().headNorms() == HeadNorms.EACH_ITS_OWN) {
            normOfHeads(layer, BlockModules.QUERY_NORM, config.heads());
            normOfHeads(layer, BlockModules.KEY_NORM, config.kvHeads());
        } else if (config.headNorms()) {
            boolean each = config.attention().headNorms() == HeadNorms.EACH;
            vector(layer, BlockModules.QUERY_NORM, "weight", each ? config.headDim() : q);
            vector(layer, BlockModules.KEY_NORM, "weight", each ? config.headDim() : kv);
        }
        linear(layer, BlockModules.OUTPUT, config.biases().output(), q, config.hiddenSize());
    }

    /** One weight after the other, each a tensor. */
    private void normOfHeads(int layer, String module, int heads) {
        List<String> tensors = new ArrayList<>();
        for (int h = 0; h < heads; h++) {
            tensors.addAll(names.tensors(layer, module, h, "weight"));
        }
        long[] rows = LongStream.generate(config::headDim).limit(heads).toArray();
        fused(WeightLayout.layer(layer, module) + ".weight", tensors, TensorForm.ROWS, 0, rows);
    }

    private void mlp(int layer) {
        if (config.experts(layer).isPresent()) {
            experts(layer, config.experts(layer).get());
            return;
        }
        boolean bias = config.biases().mlp();
        long f = config.intermediateSize();
        if (config.block().gated()) {
            linear(layer, BlockModules.GATE_UP, bias, config.hiddenSize(), f, f);
        } else {
            linear(layer, BlockModules.UP, bias, config.hiddenSize(), f);
        }
        linear(layer, BlockModules.DOWN, bias, f, config.hiddenSize());
    }

    private void experts(int layer, Experts experts) {
        long d = config.hiddenSize();
        long f = experts.width();
        linear(layer, BlockModules.ROUTER, false, d, experts.count());
        for (int e = 0; e < experts.count(); e++) {
            String gateUp =
                    WeightLayout.layer(layer, BlockModules.ofExpert(BlockModules.GATE_UP_OF_EXPERT, e) + ".weight");
            fused(gateUp, names.tensors(layer, BlockModules.GATE_UP_OF_EXPERT, e, "weight"), TensorForm.ROWS, d, f, f);
            String down = WeightLayout.layer(layer, BlockModules.ofExpert(BlockModules.DOWN_OF_EXPERT, e) + ".weight");
            fused(down, names.tensors(layer, BlockModules.DOWN_OF_EXPERT, e, "weight"), TensorForm.ROWS, f, d);
        }
    }

    /** A matrix of {@code columns} inputs whose outputs are {@code rows} one below the other, and its bias. */
    private void linear(int layer, String module, boolean bias, long columns, long... rows) {
        String slot = WeightLayout.layer(layer, module);
        fused(slot + ".weight", names.tensors(layer, module, "weight"), names.form(module), columns, rows);
        if (bias) {
            fused(slot + ".bias", names.tensors(layer, module, "bias"), names.form(module), 0, rows);
        }
    }

    private void vector(int layer, String module, String kind, long size) {
        single(
                WeightLayout.layer(layer, module) + "." + kind,
                names.tensors(layer, module, kind).get(0),
                size);
    }

    /** A slot that is one tensor. */
    WeightSlots single(String slot, String name, long... shape) {
        weights.add(new Weight(new ParameterSlot(slot, shape), List.of(new Part(name, shape[0])), TensorForm.ROWS));
        return this;
    }

    /**
     * One slot made of the tensors of a file, or of a single one where the file has them fused. @param columns 0 for a
     * vector
     */
    private void fused(String slot, List<String> tensors, TensorForm form, long columns, long... rows) {
        long total = LongStream.of(rows).sum();
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            parts.add(new Part(tensors.get(i), tensors.size() == 1 ? total : rows[i]));
        }
        long[] shape = columns == 0 ? new long[] {total} : new long[] {total, columns};
        weights.add(new Weight(new ParameterSlot(slot, shape), parts, form));
    }
}
