package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Parameters.Slot;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A scalar reward model with a prompt-value head.
 *
 * <p>The reward r(x, y) is read at the last token of a conversation, the value v(x) at the last token of its prompt; one causal pass gives both. On disk it
 * is a {@code *ForSequenceClassification} directory whose score transformers reproduces, with the value head beside it in {@code value_head.safetensors},
 * which transformers ignores. Native memory lives until {@link #close}.
 */
public final class RewardModel implements AutoCloseable {
    private static final String VALUE_HEAD_FILE = "value_head.safetensors";

    private final ModelFiles files;
    private final WeightLayout layout;
    private final Parameters trunk;
    private final Parameters valueHead;
    private final RewardHeads heads;
    private final Decoder decoder;
    private final OptionalInt padId;
    private boolean hasValueHead;

    private RewardModel(
            ModelFiles files,
            WeightLayout layout,
            Parameters trunk,
            Parameters valueHead,
            Precision precision,
            OptionalInt padId) {
        this.files = files;
        this.layout = layout;
        this.trunk = trunk;
        this.valueHead = valueHead;
        this.heads = new RewardHeads(trunk, valueHead);
        this.decoder = new Decoder(files.config(), trunk, precision);
        this.padId = padId;
    }

    /** Whether a directory's weights have a {@code score.weight}, so that {@link #load} applies, rather than {@link #fromBackbone}. */
    public static boolean hasRewardHead(Path directory) {
        return WeightFiles.open(directory).has(WeightLayout.REWARD_HEAD);
    }

    /** {@link #load(Path, Device, Precision)} in float32. */
    public static RewardModel load(Path directory, Device device) {
        return load(directory, device, Precision.FLOAT32);
    }

    /**
     * Reads a sequence-classification directory with one label. The value head is zero when the directory has none.
     *
     * @throws UserError without {@code score.weight}, with several labels, or when a file is missing or malformed
     */
    public static RewardModel load(Path directory, Device device, Precision precision) {
        ModelFiles files = ModelFiles.open(directory);
        WeightFiles weights = WeightFiles.open(directory);
        if (!weights.has(WeightLayout.REWARD_HEAD)) {
            throw new UserError(
                    directory
                            + ": has no score.weight, so it is not a reward model; train one from it with `flipside train-rm` or give a sequence-classification directory.");
        }
        long labels = weights.shape(WeightLayout.REWARD_HEAD).get(0);
        if (labels != 1 || files.labels() != 1) {
            throw new UserError(directory + ": its score head has " + Math.max(labels, files.labels())
                    + " labels; a reward model has one.");
        }
        WeightLayout layout = WeightLayout.rewardModel(files.config());
        Parameters trunk = layout.load(weights, device);
        RewardModel model =
                new RewardModel(files, layout, trunk, zeroValueHead(files, device), precision, files.padId());
        if (Files.exists(directory.resolve(VALUE_HEAD_FILE))) {
            model.readValueHead(directory.resolve(VALUE_HEAD_FILE));
        }
        return model;
    }

    /** {@link #fromBackbone(Path, Device, Precision, Seeds)} in float32. */
    public static RewardModel fromBackbone(Path directory, Device device, Seeds seeds) {
        return fromBackbone(directory, device, Precision.FLOAT32, seeds);
    }

    /**
     * A language model with new heads: the reward head is normal with mean 0 and the standard deviation that transformers would use ({@code
     * initializer_range} of config.json, 0.02 by default), the value head zero.
     *
     * @param directory a causal language model, or a sequence classifier whose head is then replaced
     */
    public static RewardModel fromBackbone(Path directory, Device device, Precision precision, Seeds seeds) {
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.rewardModel(files.config());
        Parameters trunk = layout.loadWithout(Set.of(WeightLayout.REWARD_HEAD), WeightFiles.open(directory), device);
        long key = seeds.key(Seeds.Stream.HEAD_INITIALISATION, 0, 0, 0);
        double[] weight = new double[files.config().hiddenSize()];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = files.config().initializerRange() * Seeds.normal(key, i);
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            trunk.get(WeightLayout.REWARD_HEAD).copy_(Tensors.ofDoubles(weight, device, 1, weight.length));
        }
        RewardModel model =
                new RewardModel(files, layout, trunk, zeroValueHead(files, device), precision, OptionalInt.empty());
        model.hasValueHead = true;
        return model;
    }

    private static Parameters zeroValueHead(ModelFiles files, Device device) {
        return new Parameters(
                List.of(
                        new Slot(RewardHeads.VALUE_WEIGHT, 1, files.config().hiddenSize()),
                        new Slot(RewardHeads.VALUE_BIAS, 1)),
                device);
    }

    private void readValueHead(Path file) {
        Map<String, TensorInfo> header = SafeTensors.header(file);
        Map<String, List<Long>> expected = Map.of(
                RewardHeads.VALUE_WEIGHT, List.of(1L, (long) files.config().hiddenSize()),
                RewardHeads.VALUE_BIAS, List.of(1L));
        expected.forEach((name, shape) -> {
            TensorInfo info = header.get(name);
            if (info == null || !info.shape().equals(shape)) {
                throw new UserError(file + ": must hold " + name + " of shape " + shape
                        + "; delete the file to start with a zero value head.");
            }
            SafeTensors.read(file, name, info, valueHead.get(name));
        });
        hasValueHead = true;
    }

    /** Whether values mean something: the head was read from the directory, set, or made together with the reward head. */
    public boolean hasValueHead() {
        return hasValueHead;
    }

    public Decoder decoder() {
        return decoder;
    }

    public ModelFiles files() {
        return files;
    }

    /** The decoder's weights and {@code score.weight}. */
    public Parameters trunk() {
        return trunk;
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
     * How many rows end in this directory's padding token, so that transformers (and this class, to agree with it) reads their reward before the last token.
     * Worth a warning when it is not 0; it is for models that were saved here with a proper {@link PadToken}.
     */
    public int rowsEndingInPadding(List<ScoredRow> rows) {
        return (int) rows.stream()
                .filter(r -> ScoredPosition.of(r.ids(), padId) != r.ids().length - 1)
                .count();
    }

    /** Rewards and values without gradient, in the order of {@code rows}. */
    public Scores score(List<ScoredRow> rows) {
        Scores scores = new Scores(new double[rows.size()], new double[rows.size()]);
        for (RewardHeads.Batch batch : batches(rows)) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                heads.forward(decoder.hidden(batch.layout()), batch, scores);
            }
        }
        return scores;
    }

    /** The values of prompts alone. */
    public double[] values(List<int[]> prompts) {
        return score(asRows(prompts)).values();
    }

    /** The hidden state at the last token of each prompt, [prompts][D]: what the value head sees. */
    public double[][] promptFeatures(List<int[]> prompts) {
        double[][] features = new double[prompts.size()][];
        int width = files.config().hiddenSize();
        for (RewardHeads.Batch batch : batches(asRows(prompts))) {
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
        return new RewardPass(decoder, heads, batches(rows), rows.size(), gradientCheckpointing);
    }

    private List<RewardHeads.Batch> batches(List<ScoredRow> rows) {
        return RewardHeads.Batch.split(rows, padId, files.config(), Batches.TOKENS);
    }

    /**
     * How far the trunk and the reward head are from those of a directory of the same architecture: {@code |w - w0| / |w0|} in the 2-norm.
     *
     * @throws UserError when it cannot be read any more
     */
    public double relativeChange(Path directory) {
        return layout.relativeChange(trunk, WeightFiles.open(directory));
    }

    /** A model with weights of its own. */
    public RewardModel copy() {
        RewardModel copy = new RewardModel(files, layout, trunk.copy(), valueHead.copy(), decoder.precision(), padId);
        copy.hasValueHead = hasValueHead;
        return copy;
    }

    /** {@link #save(Path, WeightType, int)} with the padding token that the model was loaded with, or else {@link PadToken#choose}s. */
    public void save(Path directory, WeightType type) {
        save(directory, type, padId.orElseGet(() -> PadToken.choose(files, Set.of())));
    }

    /**
     * Writes a sequence-classification directory, and the value head beside it if there is one (always in float32).
     *
     * @param padTokenId an id that never ends a rendering, see {@link PadToken}
     * @throws UserError when the directory cannot be written
     */
    public void save(Path directory, WeightType type, int padTokenId) {
        files.saveRewardModel(directory, type, padTokenId);
        try (PointerScope scope = new PointerScope()) {
            WeightFiles.write(directory, layout.tensors(trunk), type, WeightFiles.SHARD_BYTES);
            Path file = directory.resolve(VALUE_HEAD_FILE);
            if (hasValueHead) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                valueHead.slots().forEach(s -> tensors.put(s.name(), valueHead.get(s.name())));
                SafeTensors.write(file, tensors, WeightType.F32);
            } else {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UserError(directory + ": an older value head cannot be removed (" + e + ").", e);
        }
    }

    @Override
    public void close() {
        decoder.close();
        trunk.close();
        valueHead.close();
    }
}
