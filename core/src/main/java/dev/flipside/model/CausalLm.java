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
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A causal language model from a Hugging Face directory, and back into one.
 *
 * <p>Its native memory lives until {@link #close}. Weights are float32 whatever the files hold, but for
 * {@link #constant} models.
 */
public final class CausalLm implements AutoCloseable {
    private ModelFiles files;
    private final WeightLayout layout;
    private final ModelWeights weights;
    private final Decoder decoder;

    private CausalLm(ModelFiles files, WeightLayout layout, ModelWeights weights, Precision precision) {
        this.files = files;
        this.layout = layout;
        this.weights = weights;
        this.decoder = new Decoder(files.config(), weights, precision);
    }

    /** {@link #load(Path, Device, Precision)} in float32. */
    public static CausalLm load(Path directory, Device device) {
        return load(directory, device, Precision.FLOAT32);
    }

    /**
     * Reads a model's directory, or that of a PEFT adapter and of its base below.
     *
     * @throws UserError naming the file when something is missing, malformed or unsupported
     */
    public static CausalLm load(Path directory, Device device, Precision precision) {
        return load(directory, device, precision, Optional.empty());
    }

    /**
     * @param shared taken as the frozen weights of an adapter that lies on the same base; to be closed after this model
     */
    public static CausalLm load(Path directory, Device device, Precision precision, Optional<Backbone> shared) {
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        if (!AdapterFiles.in(directory)) {
            ModelWeights weights = ModelWeights.of(loadBase(files, layout, device));
            return new CausalLm(files, layout, weights, precision);
        }
        AdapterFiles adapter = AdapterFiles.open(directory);
        if (adapter.has(WeightLayout.REWARD_HEAD)) {
            throw notALanguageModel(directory);
        }
        BackboneBase below = Backbone.below(files, device, shared, () -> loadBase(files, layout, device));
        ModelWeights weights = below.adapted(adapter, layout);
        return new CausalLm(files, layout, weights, precision);
    }

    /** {@link #constant(Path, Device, Precision, Optional)} with weights of its own. */
    public static CausalLm constant(Path directory, Device device, Precision precision) {
        return constant(directory, device, precision, Optional.empty());
    }

    /**
     * {@link #load} of a model that never learns: where products take matrices rounded to bfloat16, it holds them in
     * bfloat16 alone. The same numbers come out. Of an adapter and its base all is float32.
     *
     * @param shared as in {@link #load}
     * @throws UserError as {@link #load}
     */
    public static CausalLm constant(Path directory, Device device, Precision precision, Optional<Backbone> shared) {
        if (AdapterFiles.in(directory)) {
            return load(directory, device, precision, shared);
        }
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        Parameters weights = loadBase(files, layout, read -> layout.loadConstant(read, device, precision));
        return new CausalLm(files, layout, ModelWeights.of(weights), precision);
    }

    /**
     * A frozen model with a new adapter, which changes nothing yet: only the adapter is trained, and {@link #save}
     * writes it alone.
     *
     * @param directory of the model
     * @param seeds stream {@code LORA_INITIALISATION}
     * @throws UserError as {@link #load}, or naming a module that the model does not have
     */
    public static CausalLm adapted(Path directory, LoraConfig config, Seeds seeds, Device device, Precision precision) {
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        Parameters base = loadBase(files, layout, device);
        Lora lora = new LoraInitialisation(config, layout, files).create(base, TaskType.CAUSAL_LM, seeds);
        return new CausalLm(files, layout, ModelWeights.adapted(base, false, lora), precision);
    }

    private static Parameters loadBase(ModelFiles files, WeightLayout layout, Device device) {
        return loadBase(files, layout, weights -> layout.load(weights, device));
    }

    private static Parameters loadBase(
            ModelFiles files, WeightLayout layout, Function<WeightFiles, Parameters> loading) {
        WeightFiles weights = WeightFiles.open(files.directory());
        if (weights.has(WeightLayout.REWARD_HEAD) && !weights.has(layout.headInFile())) {
            throw notALanguageModel(files.directory());
        }
        Parameters base = loading.apply(weights);
        requireTiedHead(files, weights, layout.headInFile(), base);
        return base;
    }

    /** With a tied vocabulary head all of a language model would be there, and its words mean nothing any more. */
    private static UserError notALanguageModel(Path directory) {
        return new UserError(
                directory
                        + ": it is a reward model (it has a score.weight) where a language model is needed; name the model that it was trained from, or one that `flipside train` wrote.");
    }

    /**
     * A model of a directory's configuration with new weights: norms one, biases zero, matrices normal with mean 0 and
     * standard deviation {@code 1 / sqrt(columns)}, the embedding among them.
     *
     * @param directory with {@code config.json} and the tokenizer; weights in it are not read
     * @param seeds stream {@code MODEL_INITIALISATION}
     */
    public static CausalLm untrained(Path directory, Device device, Seeds seeds) {
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        return new CausalLm(files, layout, ModelWeights.of(layout.untrained(device, seeds)), Precision.FLOAT32);
    }

    /**
     * Some files hold the head although it is tied; one that differs would be another model than the one that
     * config.json describes.
     */
    private static void requireTiedHead(ModelFiles files, WeightFiles weights, String head, Parameters parameters) {
        if (!files.config().tiedHead() || !weights.has(head)) {
            return;
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor embedding = Tensors.host(parameters.get(WeightLayout.EMBEDDING));
            weights.require(head, List.of((long) files.config().vocabSize(), (long)
                    files.config().hiddenSize()));
            Tensor stored = torch.zeros_like(embedding);
            weights.read(head, stored);
            if (!stored.equal(embedding)) {
                throw new UserError(files.directory()
                        + ": config.json ties the vocabulary head to the embedding (tie_word_embeddings), but the weights hold a different "
                        + head + "; set tie_word_embeddings to false if that head is meant.");
            }
        }
    }

    /** The most scores of the vocabulary (float32) that {@link #logprobs} and {@link #pass} hold at a time. */
    public static long scoresHeld(Device device) {
        return VocabularyHead.scoresHeld(device);
    }

    public Decoder decoder() {
        return decoder;
    }

    public ModelFiles files() {
        return files;
    }

    /** What an optimiser trains and a checkpoint holds: all weights, or those of the adapter where there is one. */
    public Parameters parameters() {
        return weights.trained();
    }

    /** The number of weights that the model computes with, once an adapter is merged. */
    public long elements() {
        return weights.elements();
    }

    /** What the adapter was made with; empty for a model without one. */
    public Optional<LoraConfig> lora() {
        return weights.lora().map(Lora::config);
    }

    /**
     * The frozen weights below the adapter, for another model with an adapter on the same ones; empty without an
     * adapter.
     */
    public Optional<Backbone> backbone() {
        return weights.lora().map(lora -> new Backbone(files.directory(), weights.base()));
    }

    /**
     * Log-probabilities of completions under log-softmax(scores / temperature), without gradient.
     *
     * @return in the order of {@code rows}
     */
    public TokenLogprobs logprobs(List<TokenRow> rows, double temperature) {
        return LogprobPass.withoutGradient(decoder, rows, temperature);
    }

    /** The same with a backward pass into {@link #parameters}; close it when done. */
    public LogprobPass pass(List<TokenRow> rows, double temperature, boolean gradientCheckpointing) {
        return pass(rows, temperature, gradientCheckpointing, OptionalLong.empty());
    }

    /**
     * @param dropoutKey names the optimiser step, for an adapter with dropout: passes of one key drop alike; without
     *     one nothing is dropped
     */
    public LogprobPass pass(
            List<TokenRow> rows, double temperature, boolean gradientCheckpointing, OptionalLong dropoutKey) {
        return new LogprobPass(decoder, rows, temperature, gradientCheckpointing, dropoutKey);
    }

    /**
     * The rows of each of the passes in which a large batch is to be run: rows of one prompt stay together where they
     * can.
     */
    public List<Rows> passes(List<TokenRow> rows, PassSize size) {
        return CompletionBatch.split(rows, files.config(), size.tokens(decoder.plan())).stream()
                .map(batch -> new Rows(batch.rows(), batch.layout().tokens()))
                .toList();
    }

    /**
     * Rows of one pass.
     *
     * @param numbers which
     * @param tokens that the pass computes, a shared prompt once, padding among them
     */
    public record Rows(int[] numbers, long tokens) {}

    /**
     * How far the weights, adapters merged, are from those of a directory of the same architecture or with an adapter
     * on the same base: {@code |w - w0| / |w0|} in the 2-norm.
     *
     * @throws UserError when it cannot be read any more
     */
    public double relativeChange(Path directory) {
        return weights.relativeChange(layout, directory);
    }

    /**
     * A model with weights of its own; with an adapter, a copy of it on the same frozen weights, to be closed before
     * this one.
     */
    public CausalLm copy() {
        return new CausalLm(files, layout, weights.copy(), decoder.precision());
    }

    /** {@link #copy} that never learns: as {@link #constant} has it. */
    public CausalLm constantCopy() {
        return decoder.precision() != Precision.FLOAT32
                ? new CausalLm(files, layout, weights.constantCopy(), decoder.precision())
                : copy();
    }

    /** The frozen model below the adapter, without a copy; to be closed before this one. */
    public CausalLm withoutAdapter() {
        return new CausalLm(files, layout, weights.withoutAdapter(), decoder.precision());
    }

    /**
     * A model of its own with the adapter merged into its weights; without an adapter a copy. Its vocabulary head is
     * untied from the embedding where the adapter changes one of them.
     *
     * @throws UserError when a bias of the adapter has no place in the model
     */
    public CausalLm merged() {
        weights.requireMergeable(files.directory());
        if (!weights.unties()) {
            return new CausalLm(files, layout, ModelWeights.of(weights.merged(layout)), decoder.precision());
        }
        ModelFiles untied = files.withUntiedHead();
        WeightLayout both = WeightLayout.causalLm(untied.config());
        return new CausalLm(untied, both, ModelWeights.of(weights.merged(both)), decoder.precision());
    }

    /**
     * Takes an adapter off the weights that it was merged into, so that they are those of its base but for rounding.
     *
     * @throws UserError when it is not an adapter of this model, or one that cannot be taken off: DoRA, or with modules
     *     of its own
     */
    public void unmerge(Path adapter) {
        weights.unmerge(adapter, layout, Set.of());
    }

    /** Has {@link #save}, also of copies made from now on, write this chat template in place of the directory's own. */
    public void setChatTemplate(String jinja) {
        files = files.withChatTemplate(jinja);
    }

    /** The bytes that {@link #save} writes, but for a few thousand of configuration. */
    public long savedBytes(WeightType type) {
        return weights.savedBytes(type, files);
    }

    /**
     * Writes a directory that transformers loads: configuration, weights, tokenizer; of a model with an adapter the
     * adapter alone, as PEFT has it, and the tokenizer.
     *
     * @throws UserError when it cannot be written
     */
    public void save(Path directory, WeightType type) {
        if (weights.lora().isPresent()) {
            AdapterFiles.save(directory, weights.lora().get(), type);
            files.saveBesideAdapter(directory, OptionalInt.empty());
            return;
        }
        files.saveCausalLm(directory, type);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = layout.tensors(weights.base());
            WeightFiles.write(directory, tensors, type, WeightFiles.SHARD_BYTES);
        }
    }

    @Override
    public void close() {
        decoder.close();
        weights.close();
    }
}
