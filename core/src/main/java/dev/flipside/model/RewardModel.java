package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightFiles;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A scalar reward model with a prompt-value head.
 *
 * <p>The reward r(x, y) is read at the last token of a conversation, the value v(x) at the last token of its prompt;
 * one causal pass gives both. Where the prompt's last token merges with the reply, v(x) is read at the end of the
 * prompt alone, so that it is the same whatever reply follows. On disk it is a {@code *ForSequenceClassification}
 * directory whose score transformers reproduces, with the value head beside it in {@code value_head.safetensors}, which
 * transformers ignores. Native memory lives until {@link #close}.
 */
public final class RewardModel implements AutoCloseable {
    private ModelFiles files;
    private final WeightLayout layout;
    private final ModelWeights weights;
    private final Parameters trunk;
    private final Parameters valueHead;
    private final RewardHeads heads;
    private final Decoder decoder;
    private final OptionalInt padId;
    private boolean hasValueHead;

    /** @param hasValueHead see {@link #hasValueHead} */
    RewardModel(
            ModelFiles files,
            WeightLayout layout,
            ModelWeights weights,
            Parameters valueHead,
            boolean hasValueHead,
            Precision precision,
            OptionalInt padId) {
        this.files = files;
        this.layout = layout;
        this.weights = weights;
        this.trunk = weights.trained();
        this.valueHead = valueHead;
        this.hasValueHead = hasValueHead;
        this.heads = new RewardHeads(trunk, valueHead);
        this.decoder = new Decoder(files.config(), weights, precision);
        this.padId = padId;
    }

    /**
     * Whether a directory's weights have a {@code score.weight}, so that {@link #load} applies, rather than
     * {@link #fromBackbone}.
     */
    public static boolean hasRewardHead(Path directory) {
        return RewardModelLoader.hasRewardHead(directory);
    }

    /** {@link #load(Path, Device, Precision)} in float32. */
    public static RewardModel load(Path directory, Device device) {
        return load(directory, device, Precision.FLOAT32);
    }

    /** {@link #load(Path, Device, Precision, Optional)} with weights of its own. */
    public static RewardModel load(Path directory, Device device, Precision precision) {
        return load(directory, device, precision, Optional.empty());
    }

    /**
     * Reads a sequence-classification directory whose head has one label, whatever config.json says of labels, or that
     * of a PEFT adapter with such a head. The value head is zero when the directory has none.
     *
     * @param shared taken as the frozen weights of an adapter that lies on the same base; to be closed after this model
     * @throws UserError without {@code score.weight}, with several labels, or when a file is missing or malformed
     */
    public static RewardModel load(Path directory, Device device, Precision precision, Optional<Backbone> shared) {
        return new RewardModelLoader(directory, device, precision).load(shared);
    }

    /**
     * {@link #load} of a model that never learns: where products take matrices rounded to bfloat16, it holds them in
     * bfloat16 alone. The same numbers come out. Of an adapter and its base all is float32.
     *
     * @throws UserError as {@link #load}
     */
    public static RewardModel constant(Path directory, Device device, Precision precision) {
        return new RewardModelLoader(directory, device, precision).constant();
    }

    /**
     * A frozen model with a new adapter and heads that learn; {@link #save} writes the adapter and the heads alone. The
     * reward head is the directory's own where it has one, or else new as {@link #fromBackbone} makes it.
     *
     * @param directory a causal language model or a sequence classifier with one label
     * @param seeds streams {@code LORA_INITIALISATION} and {@code HEAD_INITIALISATION}
     * @throws UserError as {@link #load}, or naming a module that the model does not have
     */
    public static RewardModel adapted(
            Path directory, LoraConfig config, Seeds seeds, Device device, Precision precision) {
        return new RewardModelLoader(directory, device, precision).adapted(config, seeds);
    }

    /** {@link #fromBackbone(Path, Device, Precision, Seeds)} in float32. */
    public static RewardModel fromBackbone(Path directory, Device device, Seeds seeds) {
        return fromBackbone(directory, device, Precision.FLOAT32, seeds);
    }

    /**
     * A language model with new heads: the reward head is normal with mean 0 and the standard deviation that
     * transformers would use ({@code initializer_range} of config.json, 0.02 by default), the value head zero.
     *
     * @param directory a causal language model, or a sequence classifier whose head is then replaced
     */
    public static RewardModel fromBackbone(Path directory, Device device, Precision precision, Seeds seeds) {
        return new RewardModelLoader(directory, device, precision).fromBackbone(seeds);
    }

    /**
     * Whether values mean something: the head was read from the directory, set, or made together with the reward head.
     */
    public boolean hasValueHead() {
        return hasValueHead;
    }

    public Decoder decoder() {
        return decoder;
    }

    public ModelFiles files() {
        return files;
    }

    /**
     * What learns beside the value head: the decoder's weights, or the adapter's where there is one, and
     * {@code score.weight}.
     */
    public Parameters trunk() {
        return trunk;
    }

    /** The number of weights that the model computes with, once an adapter is merged; without the value head. */
    public long elements() {
        return weights.lora().isPresent() ? weights.elements() + files.config().hiddenSize() : weights.elements();
    }

    /** What the adapter was made with; empty for a model without one. */
    public Optional<LoraConfig> lora() {
        return weights.lora().map(Lora::config);
    }

    /**
     * The frozen weights below the adapter, for another reward model with an adapter on the same ones; empty without an
     * adapter.
     */
    public Optional<Backbone> backbone() {
        return weights.lora().map(lora -> new Backbone(files.directory(), weights.base()));
    }

    /** Whether the frozen weights below the adapter belong to another model. */
    public boolean sharesBackbone() {
        return weights.shared();
    }

    /** {@code weight} [1, D] and {@code bias} [1]. */
    public Parameters valueHead() {
        return valueHead;
    }

    /** Overwrites the value head, with {@code weight} of length D. */
    public void setValueHead(double[] weight, double bias) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor row = Tensors.ofDoubles(weight, trunk.device(), 1, weight.length);
            valueHead.get(RewardHeads.VALUE_WEIGHT).copy_(row);
            valueHead.get(RewardHeads.VALUE_BIAS).copy_(Tensors.ofDoubles(new double[] {bias}, trunk.device(), 1));
        }
        hasValueHead = true;
    }

    /** Multiplies every reward and value by a factor, in the two heads. */
    public void scaleHeads(double factor) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Scalar scalar = new Scalar(factor);
            trunk.get(WeightLayout.REWARD_HEAD).mul_(scalar);
            valueHead.flat().mul_(scalar);
        }
    }

    /**
     * How many rows end in this directory's padding token, so that transformers (and this class, to agree with it)
     * reads their reward before the last token. Worth a warning when it is not 0; it is for models that were saved here
     * with a proper {@link PadToken}.
     */
    public int rowsEndingInPadding(List<ScoredRow> rows) {
        return (int) rows.stream()
                .filter(r -> ScoredPosition.of(r.ids(), padId) != r.ids().length - 1)
                .count();
    }

    /** Rewards and values without gradient, in the order of {@code rows}. */
    public Scores score(List<ScoredRow> rows) {
        PromptValues all = PromptValues.of(rows);
        Scores scores = Scores.none(all.rows().size());
        for (RewardBatch batch : batches(all)) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                heads.forward(decoder.hidden(batch.layout()), batch, scores);
            }
        }
        return all.select(scores);
    }

    /** The values of prompts alone. */
    public double[] values(List<int[]> prompts) {
        return score(asRows(prompts)).values();
    }

    /** The hidden state at the last token of each prompt, [prompts][D]: what the value head sees. */
    public double[][] promptFeatures(List<int[]> prompts) {
        double[][] features = new double[prompts.size()][];
        int width = files.config().hiddenSize();
        for (RewardBatch batch : batches(PromptValues.of(asRows(prompts)))) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor hidden = decoder.hidden(batch.layout());
                float[] flat = Tensors.toFloats(heads.at(hidden, batch.valuePositions()));
                for (int b = 0; b < batch.rows().length; b++) {
                    double[] row = new double[width];
                    for (int d = 0; d < width; d++) {
                        row[d] = flat[b * width + d];
                    }
                    features[batch.rows()[b]] = row;
                }
            }
        }
        return features;
    }

    private static List<ScoredRow> asRows(List<int[]> prompts) {
        return prompts.stream().map(p -> new ScoredRow(p, p.length)).toList();
    }

    /** Rewards and values with a backward pass into {@link #trunk} and {@link #valueHead}; close it when done. */
    public RewardPass pass(List<ScoredRow> rows, boolean gradientCheckpointing) {
        return pass(rows, gradientCheckpointing, OptionalLong.empty());
    }

    /**
     * @param dropoutKey names the optimiser step, for an adapter with dropout: passes of one key drop alike; without
     *     one nothing is dropped
     */
    public RewardPass pass(List<ScoredRow> rows, boolean gradientCheckpointing, OptionalLong dropoutKey) {
        PromptValues all = PromptValues.of(rows);
        return new RewardPass(decoder, heads, batches(all), all, gradientCheckpointing, dropoutKey);
    }

    private List<RewardBatch> batches(PromptValues rows) {
        return RewardBatch.split(rows, padId, files.config(), Batches.TOKENS);
    }

    /**
     * How far the trunk and the reward head, adapters merged, are from those of a directory of the same architecture or
     * with an adapter on the same base: {@code |w - w0| / |w0|} in the 2-norm.
     *
     * @throws UserError when it cannot be read any more
     */
    public double relativeChange(Path directory) {
        return weights.relativeChange(layout, directory);
    }

    /**
     * A model with weights of its own; with an adapter, a copy of it and of the heads on the same frozen weights, to be
     * closed before this one.
     */
    public RewardModel copy() {
        return with(weights.copy());
    }

    /**
     * A model of its own with the adapter merged into its weights; without an adapter a copy.
     *
     * @throws UserError when a bias of the adapter has no place in the model
     */
    public RewardModel merged() {
        weights.requireMergeable(files.directory());
        return with(ModelWeights.of(weights.merged(layout)));
    }

    private RewardModel with(ModelWeights others) {
        return new RewardModel(files, layout, others, valueHead.copy(), hasValueHead, decoder.precision(), padId);
    }

    /**
     * Takes an adapter off the weights that it was merged into, so that they are those of its base but for rounding;
     * the heads stay.
     *
     * @throws UserError when it is not an adapter of this model, or one that cannot be taken off: DoRA, or with other
     *     modules of its own than the reward head
     */
    public void unmerge(Path adapter) {
        weights.unmerge(adapter, layout, Set.of(WeightLayout.REWARD_HEAD));
    }

    /** Has {@link #save}, also of copies made from now on, write this chat template in place of the directory's own. */
    public void setChatTemplate(String jinja) {
        files = files.withChatTemplate(jinja);
    }

    /** The bytes that {@link #save} writes, but for a few thousand of configuration and value head. */
    public long savedBytes(WeightType type) {
        return weights.savedBytes(type, files);
    }

    /**
     * {@link #save(Path, WeightType, int)} with the padding token that the model was loaded with, or else
     * {@link PadToken#choose}s.
     */
    public void save(Path directory, WeightType type) {
        save(directory, type, padId.orElseGet(() -> PadToken.choose(files, Set.of())));
    }

    /**
     * Writes a sequence-classification directory, or of a model with an adapter the adapter alone, as PEFT has it, and
     * the tokenizer; and the value head beside it if there is one (always in float32).
     *
     * @param padTokenId an id that never ends a rendering, see {@link PadToken}
     * @throws UserError when the directory cannot be written
     */
    public void save(Path directory, WeightType type, int padTokenId) {
        if (weights.lora().isPresent()) {
            AdapterFiles.save(directory, weights.lora().get(), type);
            files.saveBesideAdapter(directory, OptionalInt.of(padTokenId));
        } else {
            files.saveRewardModel(directory, type, padTokenId);
            try (PointerScope scope = new PointerScope()) {
                WeightFiles.write(directory, layout.tensors(trunk), type, WeightFiles.SHARD_BYTES);
            }
        }
        if (hasValueHead) {
            ValueHeadFile.write(directory, valueHead);
        } else {
            ValueHeadFile.remove(directory);
        }
    }

    @Override
    public void close() {
        decoder.close();
        weights.close();
        valueHead.close();
    }
}
