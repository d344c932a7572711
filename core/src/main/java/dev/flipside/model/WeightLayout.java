package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.WeightSlots.Part;
import dev.flipside.model.WeightSlots.Weight;
import dev.flipside.model.family.BlockModules;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.DecoderConfig.NormKind;
import dev.flipside.model.family.Family;
import dev.flipside.model.family.TensorForm;
import dev.flipside.model.family.TensorNames;
import dev.flipside.safetensors.WeightFiles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Which Hugging Face tensors lie in which slot of a model's {@link Parameters}.
 *
 * <p>Queries, keys and values share one slot, gate and up another, so that each pair of matrices is one product; a slot
 * is its parts one below the other. Slots have the same names in all families; {@link TensorNames} says what fills
 * them, {@link WeightSlots} lists them.
 */
final class WeightLayout {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String POSITIONS = "model.embed_positions.weight";
    static final String FINAL_NORM = "model.norm.weight";
    static final String FINAL_NORM_BIAS = "model.norm.bias";
    static final String VOCABULARY_HEAD = "lm_head.weight";
    static final String REWARD_HEAD = "score.weight";
    private static final Set<String> NOT_LINEAR = Set.of(EMBEDDING, POSITIONS, VOCABULARY_HEAD, REWARD_HEAD);

    private final DecoderConfig config;
    private final TensorNames names;
    private final List<Weight> weights;
    private final boolean predicts;

    private WeightLayout(DecoderConfig config, TensorNames names, WeightSlots slots, boolean predicts) {
        this.config = config;
        this.names = names;
        this.predicts = predicts;
        weights = slots.weights();
    }

    /** The decoder's weights and the vocabulary head where it is not the embedding. */
    static WeightLayout causalLm(DecoderConfig config) {
        TensorNames names = Family.of(config).names();
        WeightSlots slots = new WeightSlots(config, names).decoder();
        return new WeightLayout(
                config,
                names,
                config.tiedHead()
                        ? slots
                        : slots.single(VOCABULARY_HEAD, names.headWeight(), config.vocabSize(), config.hiddenSize()),
                true);
    }

    /** The decoder's weights alone: what an adapter of a reward model lies on, its head being the adapter's. */
    static WeightLayout backbone(DecoderConfig config) {
        TensorNames names = Family.of(config).names();
        return new WeightLayout(config, names, new WeightSlots(config, names).decoder(), false);
    }

    /** The decoder's weights and the reward head [1, D]. */
    static WeightLayout rewardModel(DecoderConfig config) {
        TensorNames names = Family.of(config).names();
        WeightSlots slots = new WeightSlots(config, names).decoder();
        return new WeightLayout(config, names, slots.single(REWARD_HEAD, REWARD_HEAD, 1, config.hiddenSize()), false);
    }

    static String layer(int layer, String name) {
        return "model.layers." + layer + "." + name;
    }

    /**
     * Every linear module but embeddings and heads, in the order of the model; with experts attention's alone: routers
     * and experts are no linear modules in transformers, and PEFT takes the names of the other layers' MLPs for those
     * of experts.
     */
    List<LinearModule> linearModules() {
        List<LinearModule> modules = new ArrayList<>();
        for (Weight weight : weights) {
            ParameterSlot slot = weight.slot();
            if (slot.shape().length == 2 && !NOT_LINEAR.contains(slot.name()) && adaptable(slot)) {
                long row = 0;
                for (Part part : weight.parts()) {
                    modules.add(new LinearModule(
                            module(part.name()), slot.name(), row, part.rows(), slot.shape()[1], weight.form()));
                    row += part.rows();
                }
            }
        }
        return modules;
    }

    /** The vocabulary head as a linear module, whether or not it is tied; empty of a model that scores. */
    Optional<LinearModule> head() {
        return predicts
                ? Optional.of(new LinearModule(
                        names.head(), VOCABULARY_HEAD, 0, config.vocabSize(), config.hiddenSize(), TensorForm.ROWS))
                : Optional.empty();
    }

    /** Whether the vocabulary head is the embedding. */
    boolean tiedHead() {
        return predicts && config.tiedHead();
    }

    /** The embedding of tokens first. */
    List<EmbeddingModule> embeddings() {
        List<EmbeddingModule> modules = new ArrayList<>();
        for (Weight weight : weights) {
            ParameterSlot slot = weight.slot();
            if (List.of(EMBEDDING, POSITIONS).contains(slot.name())) {
                modules.add(new EmbeddingModule(
                        module(weight.parts().get(0).name()), slot.name(), slot.shape()[0], slot.shape()[1]));
            }
        }
        return modules;
    }

    /** The slot of a linear module's bias, where the model has one. */
    Optional<String> bias(LinearModule module) {
        String slot = biasOf(module.slot());
        return weights.stream().anyMatch(w -> w.slot().name().equals(slot)) ? Optional.of(slot) : Optional.empty();
    }

    /** From the slot of a weight to that of its bias. */
    static String biasOf(String weight) {
        return module(weight) + ".bias";
    }

    private boolean adaptable(ParameterSlot slot) {
        return config.block().experts().isEmpty() || !BlockModules.ofMlp(slot.name());
    }

    List<WholeTensor> wholeTensors() {
        return weights.stream()
                .filter(w -> w.parts().size() == 1 && w.form() == TensorForm.ROWS && adaptable(w.slot()))
                .map(w -> new WholeTensor(w.slot(), w.parts().get(0).name()))
                .toList();
    }

    /**
     * What has one row for each output of a module, in the order of the module's weight in files. PEFT has none of it
     * transposed.
     */
    Tensor outputsToFile(LinearModule module, Tensor rows) {
        return module.form() == TensorForm.BY_HEAD ? toFile(TensorForm.BY_HEAD, rows) : rows;
    }

    /** The reverse of {@link #outputsToFile}. */
    Tensor outputsFromFile(LinearModule module, Tensor stored) {
        return module.form() == TensorForm.BY_HEAD ? fromFile(TensorForm.BY_HEAD, stored) : stored;
    }

    List<ParameterSlot> slots() {
        return weights.stream().map(Weight::slot).toList();
    }

    /** The module of a weight or bias. */
    static String module(String weight) {
        return weight.substring(0, weight.lastIndexOf('.'));
    }

    /**
     * Reads every slot.
     *
     * @throws UserError naming the tensor that is missing, has the wrong shape, or has no place in this architecture
     */
    Parameters load(WeightFiles files, Device device) {
        return loadWithout(Set.of(), files, device);
    }

    /**
     * The same for weights that never learn: {@link Parameters#constant} where the precision rounds matrices anyway.
     */
    Parameters loadConstant(WeightFiles files, Device device, Precision precision) {
        return precision.on(device) != Precision.FLOAT32
                ? load(Set.of(), files, slots -> Parameters.constant(slots, device))
                : load(files, device);
    }

    /** Reads every slot but those in {@code zero}. */
    Parameters loadWithout(Set<String> zero, WeightFiles files, Device device) {
        return load(zero, files, slots -> new Parameters(slots, device));
    }

    private Parameters load(Set<String> zero, WeightFiles files, Function<List<ParameterSlot>, Parameters> zeros) {
        Set<String> expected = new HashSet<>();
        List<Weight> read =
                weights.stream().filter(w -> !zero.contains(w.slot().name())).toList();
        for (Weight weight : read) {
            for (Part part : weight.parts()) {
                String name = inFile(part.name(), files);
                files.require(name, shapeInFile(weight, part.rows()));
                expected.add(name);
            }
        }
        rejectStrangers(files, expected);
        // Shapes were checked against the files' sizes, so a corrupt configuration cannot ask for more memory than
        // there is data.
        Parameters parameters = zeros.apply(slots());
        for (Weight weight : read) {
            forEachPart(parameters, weight, (part, view) -> read(weight, part, files, view));
        }
        return parameters;
    }

    private void read(Weight weight, Part part, WeightFiles files, Tensor view) {
        String name = inFile(part.name(), files);
        if (weight.form() == TensorForm.ROWS) {
            files.read(name, view);
            return;
        }
        Tensor stored = emptyLike(toFile(weight.form(), view));
        files.read(name, stored);
        view.copy_(fromFile(weight.form(), stored));
    }

    private static Tensor emptyLike(Tensor x) {
        return torch.zeros(shape(x), Device.CPU.options(ScalarType.Float));
    }

    private static long[] shape(Tensor x) {
        return LongStream.range(0, x.dim()).map(x::size).toArray();
    }

    /** How rows of a slot lie in their file. */
    private Tensor toFile(TensorForm form, Tensor rows) {
        return switch (form) {
            case ROWS -> rows;
            case TRANSPOSED -> rows.dim() == 2 ? rows.t() : rows;
            case BY_HEAD -> swapped(rows, 3, config.heads());
        };
    }

    private Tensor fromFile(TensorForm form, Tensor stored) {
        return switch (form) {
            case ROWS -> stored;
            case TRANSPOSED -> stored.dim() == 2 ? stored.t() : stored;
            case BY_HEAD -> swapped(stored, config.heads(), 3);
        };
    }

    /** Rows in order (outer, inner, headDim) in the order (inner, outer, headDim). */
    private Tensor swapped(Tensor rows, long outer, long inner) {
        return rows.view(outer, inner, config.headDim(), -1).transpose(0, 1).reshape(shape(rows));
    }

    /** {@code |now - stored| / |stored|} in the 2-norm over all weights; reads one tensor at a time. */
    double relativeChange(Parameters now, WeightFiles files) {
        RelativeChange change = new RelativeChange();
        for (Weight weight : weights) {
            forEachPart(now, weight, (part, view) -> {
                Tensor current = Tensors.host(toFile(weight.form(), view));
                Tensor stored = emptyLike(current);
                files.read(inFile(part.name(), files), stored);
                change.add(current, stored);
            });
        }
        return change.value();
    }

    /**
     * New weights: norms multiply by one, biases are zero, matrices are normal with standard deviation {@code 1 /
     * sqrt(columns)}.
     */
    Parameters untrained(Device device, Seeds seeds) {
        Parameters parameters =
                new Parameters(weights.stream().map(Weight::slot).toList(), device);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int i = 0; i < weights.size(); i++) {
                ParameterSlot slot = weights.get(i).slot();
                Tensor weight = parameters.get(slot.name());
                if (slot.shape().length == 2) {
                    double std = 1 / Math.sqrt(slot.shape()[1]);
                    long key = seeds.key(Seeds.Stream.MODEL_INITIALISATION, i, 0, 0);
                    double[] values = new double[Math.toIntExact(slot.elements())];
                    Arrays.setAll(values, j -> std * Seeds.normal(key, j));
                    weight.copy_(Tensors.ofDoubles(values, device, slot.shape()));
                } else {
                    boolean zero = slot.name().endsWith(".bias")
                            || config.block().norm().kind() == NormKind.RMS_PLUS_ONE;
                    weight.fill_(Tensors.scalar(zero ? 0 : 1));
                }
            }
        }
        return parameters;
    }

    /**
     * The weights under their Hugging Face names, views where they lie in files as they do here; they belong to the
     * caller's scope.
     */
    Map<String, Tensor> tensors(Parameters parameters) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Weight weight : weights) {
            long at = 0;
            Tensor whole = parameters.get(weight.slot().name()).detach();
            for (Part part : weight.parts()) {
                tensors.put(part.name(), toFile(weight.form(), whole.narrow(0, at, part.rows())));
                at += part.rows();
            }
        }
        return tensors;
    }

    /**
     * The name of a tensor in these files: that of another release where they have it, and without its first word in a
     * bare decoder.
     */
    private String inFile(String name, WeightFiles files) {
        for (Map.Entry<String, String> alias : names.aliases().entrySet()) {
            if (alias.getValue().equals(name) && files.has(alias.getKey())) {
                return alias.getKey();
            }
        }
        boolean bare = !files.has(names.embeddingWeight());
        return bare && name.startsWith(names.decoder())
                ? name.substring(names.decoder().length())
                : name;
    }

    private static List<Long> shapeInFile(Weight weight, long rows) {
        long[] whole = weight.slot().shape();
        if (whole.length == 1) {
            return List.of(rows);
        }
        return weight.form() == TensorForm.TRANSPOSED ? List.of(whole[1], rows) : List.of(rows, whole[1]);
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

    /**
     * A weight that would be dropped in silence (a bias that config.json denies, a layer too many) means another
     * function than the author's.
     */
    private void rejectStrangers(WeightFiles files, Set<String> expected) {
        for (String name : files.names()) {
            boolean known = expected.contains(name)
                    || name.equals(names.headWeight())
                    || names.aliases().containsKey(name)
                    || name.equals(REWARD_HEAD)
                    || names.buffers().stream().anyMatch(name::endsWith);
            if (!known) {
                throw new UserError(files.directory() + ": the weight " + name
                        + " has no place in the model that config.json describes; they do not belong together.");
            }
        }
    }

    /** The vocabulary head's name in files. */
    String headInFile() {
        return names.headWeight();
    }

    private interface PartConsumer {
        void accept(Part part, Tensor view);
    }
}
