package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.model.ModelWriter;
import dev.flipside.run.Durable;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * A GGUF model that becomes a Hugging Face directory: weights dequantised and laid out as transformers has them,
 * configuration and tokenizer made again from the metadata.
 *
 * <p>Memory holds the metadata and a bounded part of one tensor. The directory is written aside and renamed when it is
 * whole.
 */
public final class GgufImport {
    private final GgufModel model;
    private final Architecture architecture;
    private final Hyperparameters sizes;
    private final TensorMapping mapping;
    private final List<HuggingFaceTensor> tensors;
    private final Vocabulary vocabulary;
    private final TokenizerJson tokenizer;
    private final ModelJson json;

    private GgufImport(Path file) {
        model = GgufModel.open(file);
        architecture = Architecture.of(model.metadata());
        sizes = new Hyperparameters(model, architecture);
        mapping = new TensorMapping(architecture, sizes);
        tensors = mapping.tensors();
        vocabulary = new Vocabulary(model.metadata(), sizes.vocabulary());
        tokenizer = new TokenizerJson(vocabulary, architecture);
        json = new ModelJson(architecture, sizes, vocabulary);
    }

    /**
     * Reads the header and holds it against what is supported; no weight is read yet.
     *
     * @param file a GGUF file, or any part of one that was split
     * @throws UserError naming the file and what is wrong with it
     */
    public static GgufImport open(Path file) {
        return new GgufImport(file);
    }

    /**
     * Looks before anything is read whether the directory can be made.
     *
     * @throws UserError when there is something of that name
     */
    public static void requireAbsent(Path directory) {
        if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserError(directory + ": exists already; give a directory that does not, or remove this one.");
        }
    }

    /** {@code general.architecture}. */
    public String architecture() {
        return architecture.ggufName();
    }

    /** {@code model_type} in config.json. */
    public String modelType() {
        return architecture.modelType();
    }

    /** Numbers of all weights that are written. */
    public long parameters() {
        return tensors.stream().mapToLong(HuggingFaceTensor::elements).sum();
    }

    /** Tensors that are written. */
    public int tensorCount() {
        return tensors.size();
    }

    /** How many of the file's tensors are of which type. */
    public Map<String, Integer> types() {
        Map<String, Integer> types = new TreeMap<>();
        model.tensors().forEach(t -> types.merge(t.type().name(), 1, Integer::sum));
        return types;
    }

    /** Tokens in the vocabulary. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    public boolean hasChatTemplate() {
        return json.hasChatTemplate();
    }

    /**
     * Writes the directory.
     *
     * @param directory must not exist
     * @param type what the weights are written as
     * @param progress is told how many bytes of weights have been written so far, of {@link #parameters()} times the
     *     type's size
     * @throws UserError when the directory exists or cannot be written, or the model is none that can be run here
     */
    public void write(Path directory, WeightType type, LongConsumer progress) {
        Path target = directory.toAbsolutePath().normalize();
        requireAbsent(target);
        Path aside = target.resolveSibling("." + target.getFileName() + ".importing");
        try {
            Durable.deleteTree(aside);
            Files.createDirectories(aside);
            requireSpace(aside, parameters() * type.bytes());
            writeFiles(aside, type, progress);
            requireAbsent(target);
            Durable.syncTree(aside);
            Durable.rename(aside, target);
        } catch (IOException e) {
            throw new UserError(
                    directory + ": cannot be written (" + IoReason.of(e) + "); check the path and the free space.", e);
        } finally {
            deleteQuietly(aside);
        }
    }

    private void writeFiles(Path aside, WeightType type, LongConsumer progress) {
        ModelWriter writer = new ModelWriter(aside);
        writeConfig(writer, aside, json.config(mapping.tiedHead(), type));
        writer.writeJson("generation_config.json", json.generationConfig());
        writeTokenizer(aside);
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        tensors.forEach(t -> shapes.put(t.name(), t.shape()));
        try (DequantisedWeights weights = new DequantisedWeights(tensors, sizes, type, progress)) {
            writer.writeWeights(shapes, type, weights);
        }
    }

    void writeTokenizer(Path directory) {
        ModelWriter writer = new ModelWriter(directory);
        writer.writeJson("tokenizer.json", tokenizer.json());
        writer.writeJson("tokenizer_config.json", json.tokenizerConfig(tokenizer));
    }

    /** Before any weight: a model that cannot be run is told at once. */
    private void writeConfig(ModelWriter writer, Path aside, ObjectNode config) {
        try {
            writer.writeConfig(config);
        } catch (UserError e) {
            throw new UserError(
                    model.file() + ": holds a model that cannot be run: "
                            + e.getMessage().replace(aside + "/config.json: ", ""),
                    e);
        }
    }

    /** What would be written as config.json. */
    ObjectNode config(WeightType type) {
        return json.config(mapping.tiedHead(), type);
    }

    List<HuggingFaceTensor> tensors() {
        return tensors;
    }

    /** The numbers of the weights, to be asked for by name. */
    DequantisedWeights weights(WeightType type) {
        return new DequantisedWeights(tensors, sizes, type, written -> {});
    }

    private static void requireSpace(Path folder, long bytes) throws IOException {
        long usable = Files.getFileStore(folder).getUsableSpace();
        if (usable < bytes) {
            throw new UserError(String.format(
                    "%s: has %.1f GB free and the weights take %.1f GB; free some space or import with --dtype bfloat16.",
                    folder.getParent(), usable / 1e9, bytes / 1e9));
        }
    }

    private static void deleteQuietly(Path folder) {
        try {
            Durable.deleteTree(folder);
        } catch (IOException e) {
            // What was to be told has been told; the next import removes it.
        }
    }
}
