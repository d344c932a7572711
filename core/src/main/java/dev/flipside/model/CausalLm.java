package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A causal language model from a Hugging Face directory, and back into one.
 *
 * <p>Its native memory lives until {@link #close}. Weights are float32 whatever the files hold.
 */
public final class CausalLm implements AutoCloseable {
    private final ModelFiles files;
    private final WeightLayout layout;
    private final Parameters parameters;
    private final Decoder decoder;

    private CausalLm(ModelFiles files, WeightLayout layout, Parameters parameters, Precision precision) {
        this.files = files;
        this.layout = layout;
        this.parameters = parameters;
        this.decoder = new Decoder(files.config(), parameters, precision);
    }

    /** {@link #load(Path, Device, Precision)} in float32. */
    public static CausalLm load(Path directory, Device device) {
        return load(directory, device, Precision.FLOAT32);
    }

    /** @throws UserError naming the file when something is missing, malformed or unsupported */
    public static CausalLm load(Path directory, Device device, Precision precision) {
        ModelFiles files = ModelFiles.open(directory);
        WeightFiles weights = WeightFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        Parameters parameters = layout.load(weights, device);
        requireTiedHead(files, weights, layout.headInFile(), parameters);
        return new CausalLm(files, layout, parameters, precision.on(device));
    }

    /**
     * A model of a directory's configuration with new weights: norms one, biases zero, matrices normal with mean 0 and standard deviation
     * {@code 1 / sqrt(columns)}, the embedding among them.
     *
     * @param directory with {@code config.json} and the tokenizer; weights in it are not read
     * @param seeds stream {@code MODEL_INITIALISATION}
     */
    public static CausalLm untrained(Path directory, Device device, Seeds seeds) {
        ModelFiles files = ModelFiles.open(directory);
        WeightLayout layout = WeightLayout.causalLm(files.config());
        return new CausalLm(files, layout, layout.untrained(device, seeds), Precision.FLOAT32);
    }

    /** Some files hold the head although it is tied; one that differs would be another model than the one that config.json describes. */
    private static void requireTiedHead(ModelFiles files, WeightFiles weights, String head, Parameters parameters) {
        if (!files.config().tiedHead() || !weights.has(head)) {
            return;
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor embedding = parameters.get(WeightLayout.EMBEDDING).cpu();
            weights.require(head, List.of((long) files.config().vocabSize(), (long)
                    files.config().hiddenSize()));
            Tensor stored = torch.zeros(
                    new long[] {embedding.size(0), embedding.size(1)}, Device.CPU.options(ScalarType.Float));
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

    /** All weights: what an optimiser trains and a checkpoint holds. */
    public Parameters parameters() {
        return parameters;
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
        return new LogprobPass(decoder, rows, temperature, gradientCheckpointing);
    }

    /**
     * The rows of each of the passes in which a large batch is to be run: rows of one prompt stay together where they can.
     *
     */
    public List<Rows> passes(List<TokenRow> rows, PassSize size) {
        DecoderConfig config = files.config();
        return CompletionBatch.split(rows, config, size.tokens(config)).stream()
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
     * How far the weights are from those of a directory of the same architecture: {@code |w - w0| / |w0|} in the 2-norm.
     *
     * @throws UserError when it cannot be read any more
     */
    public double relativeChange(Path directory) {
        return layout.relativeChange(parameters, WeightFiles.open(directory));
    }

    /** A model with weights of its own. */
    public CausalLm copy() {
        return new CausalLm(files, layout, parameters.copy(), decoder.precision());
    }

    /**
     * Writes a directory that transformers loads: configuration, weights, tokenizer.
     *
     * @throws UserError when it cannot be written
     */
    public void save(Path directory, WeightType type) {
        files.saveCausalLm(directory, type);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = layout.tensors(parameters);
            WeightFiles.write(directory, tensors, type, WeightFiles.SHARD_BYTES);
        }
    }

    @Override
    public void close() {
        decoder.close();
        parameters.close();
    }
}
